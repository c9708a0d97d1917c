//! Events as other implementations write them.

use std::collections::BTreeMap;

use super::{Envelope, Field, Pressed};
use crate::wecom::card::face::{Press, Selected};

const ENVELOPE: Envelope<'static> = Envelope {
    corp_id: "ww0123456789abcdef",
    from: "zhangsan",
    created_at: 1_700_000_001,
    agent_id: 1_000_002,
};

fn pressed(press: &Press) -> String {
    ENVELOPE.pressed(Pressed {
        press,
        key: "approve",
        task_id: "act-20231114-0001",
        response_code: "RC_abc123",
    })
}

#[test]
fn a_press_is_written_as_elsewhere() {
    let press = Press {
        event: "template_card_event",
        card_type: "button_interaction".into(),
        selected: None,
    };
    let expected = "<xml><ToUserName><![CDATA[ww0123456789abcdef]]></ToUserName><FromUserName><![CDATA[zhangsan]]></FromUserName><CreateTime>1700000001</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[template_card_event]]></Event><EventKey><![CDATA[approve]]></EventKey><TaskId><![CDATA[act-20231114-0001]]></TaskId><CardType><![CDATA[button_interaction]]></CardType><ResponseCode><![CDATA[RC_abc123]]></ResponseCode><AgentID>1000002</AgentID></xml>";
    assert_eq!(pressed(&press), expected);
    let answers = Press {
        selected: Some(vec![Selected {
            question_key: "q".into(),
            option_ids: vec!["1".into(), "2".into()],
        }]),
        ..press
    };
    let items = "<SelectedItems><SelectedItem><QuestionKey><![CDATA[q]]></QuestionKey><OptionIds><OptionId><![CDATA[1]]></OptionId>\
                 <OptionId><![CDATA[2]]></OptionId></OptionIds></SelectedItem></SelectedItems><AgentID>";
    assert_eq!(pressed(&answers), expected.replace("<AgentID>", items));
}

#[test]
fn a_text_is_written_as_elsewhere() {
    let envelope = Envelope {
        created_at: 1_700_000_002,
        ..ENVELOPE
    };
    let expected = "<xml><ToUserName><![CDATA[ww0123456789abcdef]]></ToUserName><FromUserName><![CDATA[zhangsan]]></FromUserName><CreateTime>1700000002</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[ack 123 已处理]]></Content><MsgId>4561255354251345929</MsgId><AgentID>1000002</AgentID></xml>";
    assert_eq!(
        envelope.said("ack 123 已处理", 4_561_255_354_251_345_929),
        expected
    );
}

#[test]
fn texts_cannot_leave_their_element() {
    let written = ENVELOPE.said("a ]]> <b>", 1);
    assert!(
        written.contains("<![CDATA[a ]]]]><![CDATA[> <b>]]>"),
        "{written}"
    );
}

#[test]
fn other_events_have_their_own_elements() {
    let fields = BTreeMap::from([
        ("EffectTime".to_owned(), Field::Number(1_700_000_000)),
        ("EventKey".to_owned(), Field::Text(String::new())),
    ]);
    let written = ENVELOPE.event("inactive_alert", fields.iter());
    let own = "<Event><![CDATA[inactive_alert]]></Event><EffectTime>1700000000</EffectTime><EventKey><![CDATA[]]></EventKey><AgentID>1000002</AgentID></xml>";
    assert!(written.ends_with(own), "{written}");
}
