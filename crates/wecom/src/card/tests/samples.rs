//! Cards with all fields that their kinds have, as page 90236 shows them.

use serde_json::{Value, json};

use crate::card::TemplateCard;

/// Names of all kinds.
pub(super) const KINDS: [&str; 5] = [
    "text_notice",
    "news_notice",
    "button_interaction",
    "vote_interaction",
    "multiple_interaction",
];

/// Card of a kind, with all its fields.
pub(super) fn sample(kind: &str) -> Value {
    let own = match kind {
        "text_notice" => json!({
            "emphasis_content": { "title": "100", "desc": "核心数据" },
            "sub_title_text": "下载企业微信还能抢红包！",
            "jump_list": jumps(),
            "card_action": { "type": 2, "appid": "wx1", "pagepath": "/index.html" },
        }),
        "news_notice" => json!({
            "image_text_area": { "type": 1, "url": "https://example.com", "title": "欢迎", "desc": "d", "image_url": "https://example.com/i.png" },
            "card_image": { "url": "https://example.com/i.png", "aspect_ratio": 1.5 },
            "vertical_content_list": [{ "title": "惊喜红包等你来拿", "desc": "下载企业微信还能抢红包！" }],
            "jump_list": jumps(),
            "card_action": { "type": 1, "url": "https://example.com" },
        }),
        "button_interaction" => json!({
            "sub_title_text": "下载企业微信还能抢红包！",
            "card_action": { "type": 1, "url": "https://example.com" },
            "button_selection": selection(json!({ "title": "企业微信评分" })),
            "button_list": [
                { "text": "按钮1", "style": 1, "key": "button_key_1" },
                { "type": 1, "text": "按钮2", "style": 2, "url": "https://example.com" },
            ],
        }),
        "vote_interaction" => json!({
            "checkbox": {
                "question_key": "question_key1",
                "option_list": [
                    { "id": "option_id1", "text": "选择题选项1", "is_checked": true },
                    { "id": "option_id2", "text": "选择题选项2", "is_checked": false },
                ],
                "mode": 1,
            },
            "submit_button": { "text": "提交", "key": "key" },
        }),
        _ => json!({
            "select_list": [selection(json!({ "title": "选择器标签1" }))],
            "submit_button": { "text": "提交", "key": "key" },
        }),
    };
    merged(merged(shared(kind), common(kind)), own)
}

/// Reads a card.
pub(super) fn card(value: &Value) -> TemplateCard {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"))
}

/// Card of a kind with another value at a pointer, or none for `null`.
pub(super) fn with(kind: &str, pointer: &str, value: Value) -> Value {
    let mut changed = sample(kind);
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    match changed.pointer_mut(parent).expect(pointer) {
        Value::Array(items) => items[name.parse::<usize>().expect("an index")] = value,
        Value::Object(fields) if value.is_null() => drop(fields.remove(name)),
        Value::Object(fields) => drop(fields.insert(name.to_owned(), value)),
        other => panic!("{pointer} is in {other}"),
    }
    changed
}

fn merged(mut left: Value, right: Value) -> Value {
    let (Value::Object(fields), Value::Object(more)) = (&mut left, right) else {
        panic!("two objects")
    };
    fields.extend(more);
    left
}

/// Fields of all kinds.
fn shared(kind: &str) -> Value {
    let source = if kind.ends_with("notice") || kind.starts_with("button") {
        json!({ "icon_url": "https://example.com/i.png", "desc": "企业微信", "desc_color": 1 })
    } else {
        json!({ "icon_url": "https://example.com/i.png", "desc": "企业微信" })
    };
    json!({
        "card_type": kind,
        "source": source,
        "task_id": "task_id-1@a",
        "main_title": { "title": "欢迎使用企业微信", "desc": "您的好友正在邀请您加入企业微信" },
    })
}

/// Fields of notices and cards with buttons.
fn common(kind: &str) -> Value {
    if !kind.ends_with("notice") && !kind.starts_with("button") {
        return json!({});
    }
    json!({
        "action_menu": { "desc": "更多操作", "action_list": [{ "text": "接收推送", "key": "A" }, { "text": "不再推送", "key": "B" }] },
        "quote_area": { "type": 1, "url": "https://example.com", "title": "引用样式", "quote_text": "真好用" },
        "horizontal_content_list": [
            { "keyname": "邀请人", "value": "张三" },
            { "type": 1, "keyname": "官网", "value": "点击访问", "url": "https://example.com" },
            { "type": 2, "keyname": "下载", "value": "企业微信.apk", "media_id": "m" },
            { "type": 3, "keyname": "员工信息", "value": "点击查看", "userid": "zhangsan" },
        ],
    })
}

fn jumps() -> Value {
    json!([
        { "type": 1, "title": "企业微信官网", "url": "https://example.com" },
        { "type": 2, "title": "跳转小程序", "appid": "wx1", "pagepath": "/index.html" },
    ])
}

fn selection(more: Value) -> Value {
    let question = json!({
        "question_key": "question_key_one",
        "option_list": [{ "id": "1", "text": "100分" }, { "id": "2", "text": "101分" }],
        "selected_id": "2",
    });
    merged(question, more)
}
