//! Ids of executions, and what they say.

use acteon_core::Timestamp;
use acteon_flows::chain::{begun_at, is_chain_id, is_of_a_chain};

#[test]
fn an_id_says_whose_it_is_and_when_the_outermost_chain_began() {
    let chain = "chain-019c0ffe-0000-7abc-8def-0123456789ab";
    let begun = Some(Timestamp::from_millis(0x019c_0ffe_0000));
    for (id, is_chain, is_within, at) in [
        (chain.to_owned(), true, false, begun),
        (format!("{chain}:sub"), true, true, begun),
        (
            format!("{chain}~0123456789abcdef0123456789abcdef"),
            true,
            true,
            begun,
        ),
        (format!("{chain}x"), false, false, begun),
        ("chain-7".to_owned(), false, false, None),
        (
            "019c0ffe-0000-7abc-8def-0123456789ab".to_owned(),
            false,
            false,
            None,
        ),
        (String::new(), false, false, None),
    ] {
        let told = (is_chain_id(&id), is_of_a_chain(&id), begun_at(&id));
        assert_eq!(told, (is_chain, is_within, at), "{id}");
    }
}
