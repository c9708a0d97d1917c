//! How the database is asked for what is not written in batches.

/// How often a conflict or a broken connection is tried again for what is not written in batches.
pub(super) const TRIES: usize = 3;

/// Runs something a few times if need be. `$again` says whether an earlier try may have been done: once one may, no later failure says that
/// nothing was.
macro_rules! repeated {
    ($pool:expr, $conn:ident, $again:ident => $work:expr) => {{
        let (mut tries, mut lost) = (0, None);
        loop {
            tries += 1;
            let $again = lost.is_some();
            let failure = match Conn::of(&$pool).await {
                Err(failure) => failure,
                Ok(held) => {
                    let $conn = &held;
                    match in_time($work).await {
                        Err(failure) => failure,
                        Ok(result) => {
                            held.done();
                            break Ok(result);
                        }
                    }
                }
            };
            match failure {
                Failure::Conflict if tries < calls::TRIES => {}
                Failure::Unknown(why) if tries < calls::TRIES => lost = Some(why),
                failure => break Err(lost.map_or(failure, Failure::Unknown)),
            }
        }
    }};
}

/// Looks, or leaves things as one run of it does: whatever failed, it may be asked for again.
macro_rules! call {
    ($pool:expr, $conn:ident => $work:expr) => {{ repeated!($pool, $conn, _again => $work).map_err(Failure::of_a_look) }};
}

/// Changes something; the answer tells what this call changed, also when an earlier try did.
macro_rules! change {
    ($pool:expr, $conn:ident, $again:ident => $work:expr) => {{ repeated!($pool, $conn, $again => $work).map_err(Failure::into_store) }};
}
