//! Time zones by their names.

use acteon_schedule::time_zone;

#[test]
fn a_name_that_is_nearly_right_is_told() {
    for name in ["Asia/Shanghai", "asia/shanghai", "UTC"] {
        assert!(time_zone(name).is_ok(), "{name}");
    }
    let refusal = |name: &str| time_zone(name).expect_err("no zone").to_string();
    assert_eq!(
        refusal("Asia/Shangai"),
        "is no time zone: \"Asia/Shangai\"; did you mean Asia/Shanghai? use a name such as Asia/Shanghai or UTC"
    );
    assert_eq!(
        refusal("Nowhere"),
        "is no time zone: \"Nowhere\"; use a name such as Asia/Shanghai or UTC"
    );
    for (name, meant) in [
        ("CST", "did you mean Asia/Shanghai or America/Chicago? "),
        ("z", "did you mean UTC? "),
        ("NZT", ""),
        ("UTC+8", ""),
        ("Factory", ""),
    ] {
        let expected =
            format!("is no time zone: {name:?}; {meant}use a name such as Asia/Shanghai or UTC");
        assert_eq!(refusal(name), expected);
    }
    assert!(refusal(&"x".repeat(10_000)).len() < 256);
}
