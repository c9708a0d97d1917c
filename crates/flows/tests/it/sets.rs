//! Definitions with the chains that they start, and what they refer to.

use acteon_flows::chain::{Definition, DefinitionSet};
use serde_json::{Value, json};

use crate::world::{chain, read, send, step};

fn set(definitions: &[Value]) -> Result<DefinitionSet, String> {
    let definitions: Vec<Definition> = definitions.iter().map(read).collect();
    let find = |name: &str| definitions.iter().find(|known| known.name == name);
    DefinitionSet::of(&definitions[0], &find).map_err(|error| error.to_string())
}

fn starts(name: &str, others: &[&str]) -> Value {
    let step = |(at, other): (usize, &&str)| step(&format!("s{at}"), &json!({"sub_chain": other}));
    let mut steps: Vec<Value> = others.iter().enumerate().map(step).collect();
    steps.push(send("last"));
    json!({"name": name, "steps": steps})
}

#[test]
fn chains_that_start_each_other_come_to_an_end() {
    assert!(
        set(&[
            starts("a", &["b", "c"]),
            starts("b", &["c"]),
            starts("c", &[])
        ])
        .is_ok()
    );
    assert_eq!(
        set(&[
            starts("a", &["b"]),
            starts("b", &["c"]),
            starts("c", &["b"])
        ])
        .expect_err("a circle"),
        "the chains start each other in a circle: a -> b -> c -> b; expected one that ends"
    );
    assert_eq!(
        set(&[starts("a", &["b"]), starts("b", &["x"])]).expect_err("a name"),
        "b: steps[0].sub_chain: no chain is named \"x\"; make it first, or correct the name"
    );
    let tower = |height: usize| {
        let names: Vec<String> = (0..=height).map(|n| format!("c{n}")).collect();
        let one = |n: usize| {
            starts(
                &names[n],
                &[names[n + 1].as_str()][..usize::from(n + 1 < height)],
            )
        };
        (0..height).map(one).collect::<Vec<_>>()
    };
    assert!(set(&tower(5)).is_ok());
    assert!(
        set(&tower(6))
            .expect_err("too deep")
            .contains("more than 5 deep")
    );
    // What was found at first on a short way is too deep on a long one.
    let mut late = tower(5);
    late[0] = starts("c0", &["d", "c1"]);
    late.push(starts("d", &["c1"]));
    assert!(
        set(&late)
            .expect_err("too deep")
            .contains("more than 5 deep")
    );
}

#[test]
fn chains_multiply_up_to_a_bound() {
    let many: Vec<&str> = vec!["b"; 99];
    let also: Vec<&str> = vec!["c"; 99];
    let deep: Vec<&str> = vec!["d"; 99];
    let last: Vec<&str> = vec!["e"; 99];
    let all = [
        starts("a", &many),
        starts("b", &also),
        starts("c", &deep),
        starts("d", &last),
        starts("e", &[]),
    ];
    // Walked once, however many ways there are.
    assert_eq!(
        set(&all).expect_err("too many"),
        "chain a would start 97039800 chains with those that they start, at most 1000 are allowed; expected fewer steps with sub_chain, or fewer levels of them"
    );
    let few = [
        starts("a", &["b"; 9]),
        starts("b", &["c"; 99]),
        starts("c", &[]),
    ];
    assert!(set(&few).is_ok());
    let more = [
        starts("a", &["b"; 10]),
        starts("b", &["c"; 99]),
        starts("c", &[]),
    ];
    assert!(set(&more).is_ok(), "a thousand");
    let most = [
        starts("a", &["b"; 11]),
        starts("b", &["c"; 99]),
        starts("c", &[]),
    ];
    assert!(set(&most).is_err());
}

#[test]
fn references_are_listed_with_their_paths() {
    let mut definition = chain(&[
        send("a"),
        step(
            "fan",
            &json!({"parallel": {"steps": [step("in", &json!({"sub_chain": "other"}))]}}),
        ),
        step("ask", &json!({"approval": {"notify_provider": "wechat"}})),
    ]);
    definition["on_cancel"] = json!({"provider": "log", "action_type": "x"});
    let references = read(&definition).references();
    let providers: Vec<String> = references
        .providers
        .iter()
        .map(|(name, at)| format!("{at}={name}"))
        .collect();
    assert_eq!(
        providers,
        [
            "steps[0].provider=p",
            "steps[2].approval.notify_provider=wechat",
            "on_cancel.provider=log"
        ]
    );
    assert_eq!(
        references.chains,
        [(
            "other".to_owned(),
            "steps[1].parallel.steps[0].sub_chain".to_owned()
        )]
    );
}
