//! Directories as others see them: whom references mean, and what holds where a file and the API disagree.

use std::sync::Arc;

use acteon_core::Timestamp;
use acteon_people::{Defined, Directory, Group, Person, Roster, Source};

fn of_file(line: usize) -> Source {
    let file: Arc<str> = "people.toml".into();
    Source::File { file, line }
}

fn of_api(at: i64) -> Source {
    let created_at = Timestamp::from_millis(at);
    let updated_at = created_at;
    Source::Api {
        created_at,
        updated_at,
    }
}

fn person(id: &str, wechat: Option<&str>, principal: Option<&str>) -> Person {
    Person {
        wechat: wechat.map(str::to_owned),
        principal: principal.map(str::to_owned),
        ..Person::new(id)
    }
}

fn group(id: &str, members: &[&str]) -> Group {
    let members = members.iter().map(|member| (*member).to_owned());
    let members = members.collect();
    Group {
        id: id.to_owned(),
        members,
    }
}

fn roster(people: Vec<Person>, groups: Vec<Group>) -> Roster {
    let mut roster = Roster::default();
    for (line, value) in people.into_iter().enumerate() {
        let source = of_file(line + 1);
        assert_eq!(roster.add_person(Defined { value, source }), []);
    }
    for value in groups {
        let source = of_file(99);
        assert_eq!(roster.add_group(Defined { value, source }), []);
    }
    roster
}

fn add(directory: &mut Directory, value: Person, at: i64) {
    let source = of_api(at);
    directory.put_person(Defined { value, source }, 10);
}

/// Ids of the people, names of API keys, and what is unknown.
fn resolved(directory: &Directory, names: &[&str]) -> (Vec<String>, Vec<String>, Vec<String>) {
    let found = directory.resolve(names.iter().copied());
    let people = found.people.iter().map(|person| person.value.id.clone());
    let unknown = found.unknown.iter().map(ToString::to_string);
    (people.collect(), found.principals, unknown.collect())
}

#[test]
fn references_mean_people_groups_and_keys_in_any_case_and_each_person_once() {
    let people = vec![
        person("ZhangSan", Some("zs"), Some("key")),
        person("lisi", None, None),
    ];
    let mut directory = Directory::default();
    directory.set_roster(&roster(people, vec![group("ops", &["lisi", "zhangsan"])]));
    let names = [
        "group:OPS",
        "zhangsan",
        "principal:key",
        "principal:ci",
        "principal:ci",
    ];
    let (people, principals, unknown) = resolved(&directory, &names);
    assert_eq!(people, ["lisi", "ZhangSan"]);
    assert_eq!((principals, unknown), (vec!["ci".to_owned()], Vec::new()));
    let (people, principals, unknown) =
        resolved(&directory, &["wangwu", "group:dev", "team:x", "group:", ""]);
    assert!(people.is_empty() && principals.is_empty());
    assert_eq!(
        unknown[..2],
        ["there is no person \"wangwu\"", "there is no group \"dev\""]
    );
    assert!(
        unknown[2..]
            .iter()
            .all(|told| told.contains("must be the id of a person")),
        "{unknown:?}"
    );
    assert_eq!(unknown.len(), 5);
    let found = directory
        .of_wechat("ZS")
        .map(|person| person.value.id.clone());
    assert_eq!(found.as_deref(), Some("ZhangSan"));
    assert!(
        directory.of_principal("KEY").is_none(),
        "API keys are told apart by case"
    );
}

#[test]
fn a_file_goes_first_and_then_who_came_first() {
    let (first, second) = (
        person("b", Some("u"), None),
        person("a", Some("U"), Some("key")),
    );
    for order in [[&first, &second], [&second, &first]] {
        let mut directory = Directory::default();
        for found in order {
            let at = if found.id == "b" { 1 } else { 2 };
            add(&mut directory, found.clone(), at);
        }
        let holder = |directory: &Directory| {
            let found = directory.of_wechat("u");
            found.map(|person| person.value.id.clone())
        };
        assert_eq!(holder(&directory).as_deref(), Some("b"), "made first");
        assert_eq!(directory.warnings().len(), 1);
        directory.set_roster(&roster(vec![person("c", Some("u"), None)], vec![]));
        assert_eq!(holder(&directory).as_deref(), Some("c"), "of the file");
        directory.set_roster(&Roster::default());
        directory.remove_person("B");
        assert_eq!(holder(&directory).as_deref(), Some("a"));
        assert_eq!(directory.warnings(), Vec::<String>::new());
        directory.forget_api();
        assert_eq!(holder(&directory), None);
        assert_eq!(directory.sizes(), [(0, 0), (0, 0)]);
    }
}

#[test]
fn what_a_file_covers_claims_nothing_and_comes_back() {
    let mut directory = Directory::default();
    add(&mut directory, person("a", Some("old"), None), 1);
    directory.set_roster(&roster(vec![person("A", Some("new"), None)], vec![]));
    assert!(directory.of_wechat("old").is_none() && directory.of_wechat("new").is_some());
    // Changed beneath, it still claims nothing.
    add(&mut directory, person("a", Some("new"), None), 1);
    let [warning] = &directory.warnings()[..] else {
        panic!("one warning")
    };
    assert_eq!(
        warning,
        "the person \"a\" of the API has no effect beside line 1 of people.toml; delete it over the API"
    );
    directory.set_roster(&Roster::default());
    let found = directory
        .of_wechat("new")
        .map(|person| person.value.id.clone());
    assert_eq!(found.as_deref(), Some("a"));
    assert_eq!(directory.sizes()[0], (1, 10));
}

#[test]
fn a_member_who_is_gone_is_told_and_the_rest_are_meant() {
    let mut directory = Directory::default();
    add(&mut directory, person("a", None, None), 1);
    let value = group("ops", &["a", "b"]);
    let source = of_api(1);
    directory.put_group(Defined { value, source }, 10);
    let (people, _, unknown) = resolved(&directory, &["group:ops"]);
    assert_eq!(people, ["a"]);
    assert_eq!(
        unknown,
        ["the group \"ops\" has a member who is not there any more"]
    );
    assert_eq!(directory.groups_of("A").count(), 1);
}

#[test]
fn a_person_who_is_shown_by_mistake_is_their_id_alone() {
    let shown = Person {
        mobile: Some("13800138000".to_owned()),
        email: Some("zhang.san@example.com".to_owned()),
        ..Person::new("zhangsan")
    };
    let source = of_file(1);
    let shown = format!(
        "{:?}",
        Defined {
            value: shown,
            source
        }
    );
    assert!(
        shown.contains("zhangsan") && !shown.contains("13800") && !shown.contains('@'),
        "{shown}"
    );
}

#[test]
fn fields_are_taken_or_refused() {
    type Set = fn(&mut Person, String);
    let mobile: Set = |person, text| person.mobile = Some(text);
    let email: Set = |person, text| person.email = Some(text);
    let wechat: Set = |person, text| person.wechat = Some(text);
    let zone: Set = |person, text| person.time_zone = Some(text);
    for (set, text, is_taken) in [
        (mobile, "13800138000", true),
        (mobile, "+8613800138000", true),
        (mobile, "1234", false),
        (mobile, "+", false),
        (mobile, "138 0013 8000", false),
        (mobile, "１３８００１３８０００", false),
        (email, "zhangsan@example.com", true),
        (email, "z.s+ops@mail.example.com", true),
        (email, "张三@例子.公司", true),
        (email, "zhangsan", false),
        (email, "@example.com", false),
        (email, "a@", false),
        (email, "a..b@example.com", false),
        (email, "Zhang <a@example.com>", false),
        (email, "a@example.com,b@example.com", false),
        (email, "a@-example.com", false),
        (email, "a b@example.com", false),
        (wechat, "Zhang_San-1.x@y", true),
        (wechat, "_zhangsan", false),
        (wechat, "张三", false),
        (wechat, "", false),
        (zone, "Asia/Shanghai", true),
        (zone, "UTC", true),
        (zone, "Shanghai", false),
        (zone, "../etc/passwd", false),
        (zone, "", false),
    ] {
        let mut person = Person::new("a");
        set(&mut person, text.to_owned());
        assert_eq!(
            person.faults().is_empty(),
            is_taken,
            "{text}: {:?}",
            person.faults()
        );
    }
    for (length, is_taken) in [(64, true), (65, false), (1_000_000, false)] {
        let person = Person::new("a".repeat(length));
        assert_eq!(person.faults().is_empty(), is_taken, "{length}");
    }
}
