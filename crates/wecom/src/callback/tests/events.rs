//! Tests of the kinds of messages and events.

use secrecy::ExposeSecret as _;

use super::support::{deliver, message};
use crate::callback::{CallbackError, Incoming, SelectedItem, XmlFault};

fn event(name: &str, fields: &str) -> String {
    message(&format!(
        "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{name}]]></Event><AgentID>1000002</AgentID>{fields}"
    ))
}

fn incoming(xml: &str) -> Incoming {
    deliver(xml).expect(xml).incoming
}

#[test]
fn answers_to_a_cards_questions_are_read() {
    let fields = "
        <EventKey><![CDATA[submit]]></EventKey><TaskId><![CDATA[t-1]]></TaskId><CardType><![CDATA[multiple_interaction]]></CardType>
        <ResponseCode><![CDATA[RC_1]]></ResponseCode>
        <SelectedItems>
          <SelectedItem><QuestionKey><![CDATA[q1]]></QuestionKey><OptionIds><OptionId><![CDATA[o1]]></OptionId><OptionId><![CDATA[o2]]></OptionId></OptionIds></SelectedItem>
          <SelectedItem><QuestionKey><![CDATA[q2]]></QuestionKey><OptionIds></OptionIds></SelectedItem>
          <SelectedItem><QuestionKey><![CDATA[q3]]></QuestionKey></SelectedItem>
        </SelectedItems>";
    let Incoming::CardEvent(card) = incoming(&event("template_card_event", fields)) else {
        panic!("a card's event")
    };
    assert_eq!(card.card_type, "multiple_interaction");
    assert_eq!(card.response_code.expect("a code").expose_secret(), "RC_1");
    let item = |key: &str, options: &[&str]| SelectedItem {
        question_key: key.to_owned(),
        option_ids: options.iter().map(|id| (*id).to_owned()).collect(),
    };
    assert_eq!(
        card.selected_items,
        [item("q1", &["o1", "o2"]), item("q2", &[]), item("q3", &[])]
    );
}

#[test]
fn events_about_members_and_the_app_are_told_apart() {
    let menu = event(
        "template_card_menu_event",
        "<EventKey>k</EventKey><TaskId>t</TaskId>",
    );
    let Incoming::CardMenuEvent(card) = incoming(&menu) else {
        panic!("a menu's event")
    };
    assert!(card.response_code.is_none() && card.selected_items.is_empty());
    assert!(matches!(
        incoming(&event("enter_agent", "<EventKey/>")),
        Incoming::EnterAgent
    ));
    assert!(matches!(
        incoming(&event("subscribe", "")),
        Incoming::Subscribe
    ));
    assert!(matches!(
        incoming(&event("unsubscribe", "")),
        Incoming::Unsubscribe
    ));
    let alert = event("inactive_alert", "<EffectTime>1700600000</EffectTime>");
    assert!(matches!(
        incoming(&alert),
        Incoming::InactiveAlert {
            effect_time: Some(1_700_600_000)
        }
    ));
    assert!(matches!(
        incoming(&event("inactive_alert", "")),
        Incoming::InactiveAlert { effect_time: None }
    ));
    assert!(matches!(
        incoming(&event("close_inactive_agent", "")),
        Incoming::CloseInactiveAgent
    ));
    assert!(matches!(
        incoming(&event("reopen_inactive_agent", "")),
        Incoming::ReopenInactiveAgent
    ));
}

#[test]
fn what_is_not_known_is_kept_as_it_came() {
    let image = message(
        "<MsgType>image</MsgType><PicUrl>https://example.com/p</PicUrl><MsgId>1</MsgId><AgentId>7</AgentId>",
    );
    let received = deliver(&image).expect("an image");
    assert_eq!(
        (received.xml(), received.agent_id),
        (image.as_str(), Some(7))
    );
    assert!(matches!(
        received.incoming,
        Incoming::Other { msg_type, event } if msg_type == "image" && event.is_empty()
    ));
    let change = event("share_agent_change", "");
    assert!(matches!(
        incoming(&change),
        Incoming::Other { msg_type, event } if msg_type == "event" && event == "share_agent_change"
    ));
}

#[test]
fn what_a_kind_must_have_is_missing_repeated_or_wrong() {
    let fault = |xml: &str| match deliver(xml).map(drop) {
        Err(CallbackError::Message(fault)) => fault,
        other => panic!("{other:?} of {xml}"),
    };
    let press = |fields: &str| event("template_card_event", fields);
    for (xml, expected) in [
        ("<xml/>".to_owned(), XmlFault::Missing("ToUserName")),
        (message(""), XmlFault::Missing("MsgType")),
        (
            message("<MsgType>text</MsgType>"),
            XmlFault::Missing("MsgId"),
        ),
        (
            message("<MsgType>text</MsgType><MsgId>-1</MsgId>"),
            XmlFault::NotANumber("MsgId"),
        ),
        (
            message("<MsgType>text</MsgType><MsgId>1</MsgId><AgentID>4294967296</AgentID>"),
            XmlFault::NotANumber("AgentID"),
        ),
        (
            message("<FromUserName>lisi</FromUserName><MsgType>text</MsgType><MsgId>1</MsgId>"),
            XmlFault::Repeated("FromUserName"),
        ),
        (press("<TaskId>t</TaskId>"), XmlFault::Missing("EventKey")),
        (press("<EventKey>k</EventKey>"), XmlFault::Missing("TaskId")),
        (
            press("<EventKey>k</EventKey><EventKey>reject</EventKey><TaskId>t</TaskId>"),
            XmlFault::Repeated("EventKey"),
        ),
    ] {
        assert_eq!(fault(&xml), expected, "{xml}");
    }
}

#[test]
fn texts_are_read_as_they_were_written() {
    let content = |written: &str| {
        let xml = message(&format!(
            "<MsgType>text</MsgType><Content>{written}</Content><MsgId>1</MsgId>"
        ));
        match incoming(&xml) {
            Incoming::Text(text) => text.content,
            other => panic!("{other:?}"),
        }
    };
    for (written, read) in [
        ("<![CDATA[ a & <b> ]]>", " a & <b> "),
        ("\n <![CDATA[ a ]]>\n ", " a "),
        ("a &amp; &lt;b&gt; &#x4e2d;", "a & <b> 中"),
        ("a<!-- not this --> b", "a b"),
        ("<![CDATA[a]]]]><![CDATA[>b]]>", "a]]>b"),
        ("a <![CDATA[b]]>", "a b"),
        ("<![CDATA[&amp;]]>", "&amp;"),
        (" ", " "),
        ("", ""),
    ] {
        assert_eq!(content(written), read, "{written}");
    }
}

#[test]
fn two_presses_in_a_second_have_two_digests() {
    let press = |key: &str| {
        let fields = format!(
            "<EventKey>{key}</EventKey><TaskId>t</TaskId><ResponseCode>RC_s3cret</ResponseCode>"
        );
        deliver(&event("template_card_event", &fields)).expect("a press")
    };
    assert_eq!(press("a").digest(), press("a").digest());
    assert_ne!(press("a").digest(), press("b").digest());
    assert_eq!(press("a").digest().len(), 64);
    let shown = format!("{:?}", press("a"));
    assert!(!shown.contains("s3cret"), "{shown}");
}
