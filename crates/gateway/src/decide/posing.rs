//! Cards that pose as those of approvals: a press on one would decide, whatever the card says.

use acteon_core::Outcome;

use super::refused::refusal;

/// What the id of a card of an approval begins with, as it stands in a request.
const OF_APPROVALS: &str = "\"task_id\":\"approval@3A";

/// Whether a request is that of a card with the id of one of an approval.
pub(super) fn poses_as_card(request: &[u8]) -> bool {
    std::str::from_utf8(request).is_ok_and(|text| text.contains(OF_APPROVALS))
}

/// Outcome of what poses as one.
pub(super) fn posing() -> Outcome {
    refusal(
        "SERIALIZATION",
        "template_card.task_id begins with \"approval@3A\", as those of the gateway's own cards do, by which people decide; use another id".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use acteon_flows::card::notice_of_card;

    use super::*;

    #[test]
    fn the_ids_of_cards_of_approvals_are_known() {
        let card = "approval@3A0197@3A0@3A0";
        assert_eq!(notice_of_card(card).as_deref(), Some("approval:0197:0:0"));
        let request = serde_json::json!({"template_card": {"task_id": card}}).to_string();
        assert!(poses_as_card(request.as_bytes()));
        let told = serde_json::json!({"text": {"content": request}}).to_string();
        assert!(!poses_as_card(told.as_bytes()), "{told}");
        assert!(!poses_as_card(b"\xff"));
    }
}
