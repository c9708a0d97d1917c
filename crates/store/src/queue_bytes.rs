//! A bound in bytes on what waits for a commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use acteon_core::limits::MAX_COMMIT_QUEUE_BYTES;

use crate::StoreError;
use crate::model::{Admission, Disposition};
use crate::rows::RowTexts;

/// The bytes of the admissions that wait for their commit.
#[derive(Clone, Default)]
pub(crate) struct QueueBytes(Arc<AtomicUsize>);

/// The bytes of one admission, as long as it waits.
pub(crate) struct Queued {
    queue: QueueBytes,
    count: usize,
}

impl QueueBytes {
    /// Counts an admission; [`StoreError::Busy`] where too much waits.
    pub(crate) fn enter(
        &self,
        admission: &Admission,
        texts: &RowTexts,
    ) -> Result<Queued, StoreError> {
        self.enter_all(std::slice::from_ref(admission), std::slice::from_ref(texts))
    }

    /// Counts admissions that wait for one commit.
    pub(crate) fn enter_all(
        &self,
        admissions: &[Admission],
        texts: &[RowTexts],
    ) -> Result<Queued, StoreError> {
        let requests = |admission: &Admission| match &admission.disposition {
            Disposition::Ended(_) => 0,
            Disposition::Send { routes, .. } => {
                routes.iter().map(|route| route.prepared.bytes.len()).sum()
            }
        };
        // The action is there twice, payload, labels and all: as it was read, and as the text of the row.
        let bytes = |(admission, texts): (&Admission, &RowTexts)| {
            texts.action.len() * 2 + requests(admission)
        };
        let count = admissions.iter().zip(texts).map(bytes).sum();
        let fits = |used: usize| {
            (used == 0 || used + count <= MAX_COMMIT_QUEUE_BYTES).then_some(used + count)
        };
        self.0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, fits)
            .map_err(|_| StoreError::Busy)?;
        Ok(Queued {
            queue: self.clone(),
            count,
        })
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.queue.0.fetch_sub(self.count, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_takes_so_many_bytes_and_one_admission_however_large() {
        let of = |bytes: usize| {
            let action = format!(
                r#"{{"id":"a","namespace":"n","tenant":"t","provider":"p","action_type":"x","payload":"{}","created_at":"2026-01-01T00:00:00Z"}}"#,
                "x".repeat(bytes)
            );
            Admission {
                action: Arc::new(serde_json::from_str(&action).expect("an action")),
                origin: acteon_core::Origin::Api,
                caller: acteon_core::Caller::anonymous(),
                verdict: acteon_core::VerdictKind::Allow,
                rule: None,
                priority: acteon_core::Priority::default(),
                accepted_at: acteon_core::Timestamp::from_millis(0),
                turn: crate::model::Turn::Single,
                disposition: Disposition::Ended(acteon_core::Outcome::Suppressed {
                    rule: "r".into(),
                }),
                possible_duplicate: false,
                letter: None,
                parent: None,
                begins: Vec::new(),
            }
        };
        let queue = QueueBytes::default();
        let enter = |admission: Admission| {
            queue.enter(
                &admission,
                &crate::rows::row_texts(&admission).expect("texts"),
            )
        };
        let large = enter(of(MAX_COMMIT_QUEUE_BYTES)).expect("one alone always fits");
        assert_eq!(enter(of(1)).err(), Some(StoreError::Busy));
        drop(large);
        let labelled = || {
            let mut admission = of(1);
            let action = Arc::get_mut(&mut admission.action).expect("nobody else has it");
            action
                .metadata
                .insert("label".into(), "x".repeat(MAX_COMMIT_QUEUE_BYTES / 4));
            admission
        };
        let _half = enter(labelled()).expect("room");
        assert_eq!(
            enter(labelled()).err(),
            Some(StoreError::Busy),
            "labels count"
        );
        assert_eq!(
            enter(of(MAX_COMMIT_QUEUE_BYTES / 4)).err(),
            Some(StoreError::Busy),
            "payloads count"
        );
        assert!(enter(of(1000)).is_ok());
    }
}
