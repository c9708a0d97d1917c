//! Who may do what: every route, by role and by tenant.

use std::fmt::Write as _;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Gateway, action, run_command};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

/// `(name, role, tenant)`; the key is the name.
const CALLERS: [(&str, &str, &str); 4] = [
    ("root", "admin", "*"),
    ("acme-ops", "operator", "acme"),
    ("acme-eyes", "viewer", "acme"),
    ("globex-ops", "operator", "globex"),
];

pub(crate) fn auth_file(callers: &[(&str, &str, &str)]) -> String {
    let mut text = String::new();
    for (name, role, tenant) in callers {
        let digest = acteon_crypto::sha256(name.as_bytes());
        let hash = digest.iter().fold(String::new(), |mut hash, byte| {
            write!(hash, "{byte:02x}").expect("text");
            hash
        });
        write!(
            text,
            "[[api_keys]]\nname = \"{name}\"\nkey_hash = \"{hash}\"\nrole = \"{role}\"\n[[api_keys.grants]]\ntenants = [\"{tenant}\"]\nnamespaces = [\"*\"]\n"
        )
        .expect("text");
    }
    text
}

async fn start(callers: &[(&str, &str, &str)]) -> (Gateway, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("auth.toml");
    std::fs::write(&path, auth_file(callers)).expect("written");
    let configuration = format!(
        "circuit_breaker.enabled = true\nauth.enabled = true\nauth.config_path = {:?}\n{LOG}",
        path.display().to_string()
    );
    (Gateway::start_in(folder, &configuration).await, path)
}

/// What a route wants of its caller.
#[derive(Clone, Copy, PartialEq)]
enum Needs {
    /// Nothing.
    Nobody,
    /// A viewer.
    Viewer,
    /// An operator.
    Operator,
    /// An operator for everything.
    Everything,
}

/// Every route that is built, with a body that names the tenant where it takes one, and what it touches nothing without.
fn routes() -> Vec<(Method, &'static str, Option<Value>, Needs, bool)> {
    use Needs::{Everything, Nobody, Operator, Viewer};
    let (get, post, put, delete) = (Method::GET, Method::POST, Method::PUT, Method::DELETE);
    let dispatch = action("new", "log", &json!({}));
    let silence = json!({ "namespace": "incidents", "tenant": "acme", "matchers": [{ "name": "no", "value": "no" }], "duration_seconds": 60 });
    let quota = json!({ "namespace": "incidents", "tenant": "acme", "max_actions": 100, "window": "daily", "overage_behavior": "warn" });
    let interval = json!({ "namespace": "incidents", "tenant": "acme", "name": "new", "time_ranges": [{ "months": [{ "start": 1, "end": 1 }] }] });
    let evaluate = json!({ "namespace": "incidents", "tenant": "acme", "provider": "log", "action_type": "x", "payload": {} });
    // The last part says whether the route is about one thing of the tenant acme.
    vec![
        (get.clone(), "/health", None, Nobody, false),
        (get.clone(), "/live", None, Nobody, false),
        (get.clone(), "/ready", None, Nobody, false),
        (get.clone(), "/metrics", None, Nobody, false),
        (get.clone(), "/metrics/prometheus", None, Nobody, false),
        (get.clone(), "/api-doc/openapi.json", None, Nobody, false),
        (
            post.clone(),
            "/v1/dispatch",
            Some(dispatch.clone()),
            Operator,
            true,
        ),
        (
            post.clone(),
            "/v1/dispatch?dry_run=true",
            Some(dispatch.clone()),
            Operator,
            true,
        ),
        (
            post.clone(),
            "/v1/dispatch/batch",
            Some(json!([dispatch])),
            Operator,
            true,
        ),
        (get.clone(), "/v1/actions/a", None, Viewer, true),
        (get.clone(), "/v1/audit", None, Viewer, false),
        (get.clone(), "/v1/audit/export", None, Viewer, false),
        (get.clone(), "/v1/audit/a", None, Viewer, true),
        (post.clone(), "/v1/audit/a/replay", None, Operator, true),
        (
            post.clone(),
            "/v1/audit/replay?outcome=muted",
            None,
            Operator,
            false,
        ),
        (get.clone(), "/v1/dlq", None, Viewer, false),
        (get.clone(), "/v1/dlq/stats", None, Viewer, false),
        (get.clone(), "/v1/dlq/dead", None, Viewer, true),
        (
            post.clone(),
            "/v1/dlq/replay?code=POISONED",
            None,
            Operator,
            false,
        ),
        (get.clone(), "/v1/rules", None, Viewer, false),
        (
            post.clone(),
            "/v1/rules/evaluate",
            Some(evaluate),
            Viewer,
            true,
        ),
        (get.clone(), "/v1/rules/coverage", None, Viewer, false),
        (post.clone(), "/v1/rules/reload", None, Everything, false),
        (
            put.clone(),
            "/v1/rules/r/enabled",
            Some(json!({ "enabled": true })),
            Everything,
            false,
        ),
        (get.clone(), "/v1/silences", None, Viewer, false),
        (
            post.clone(),
            "/v1/silences/preview",
            Some(silence.clone()),
            Viewer,
            true,
        ),
        (post.clone(), "/v1/silences", Some(silence), Operator, true),
        (get.clone(), "/v1/silences/SILENCE", None, Viewer, true),
        (
            put.clone(),
            "/v1/silences/SILENCE",
            Some(json!({ "comment": "x" })),
            Operator,
            true,
        ),
        (delete.clone(), "/v1/silences/SILENCE", None, Operator, true),
        (get.clone(), "/v1/time-intervals", None, Viewer, false),
        (
            post.clone(),
            "/v1/time-intervals",
            Some(interval),
            Operator,
            true,
        ),
        (
            get.clone(),
            "/v1/time-intervals/incidents/acme/nights",
            None,
            Viewer,
            true,
        ),
        (
            put.clone(),
            "/v1/time-intervals/incidents/acme/nights",
            Some(json!({ "description": "x" })),
            Operator,
            true,
        ),
        (
            delete.clone(),
            "/v1/time-intervals/incidents/acme/nights",
            None,
            Operator,
            true,
        ),
        (get.clone(), "/v1/quotas", None, Viewer, false),
        (post.clone(), "/v1/quotas", Some(quota), Operator, true),
        (get.clone(), "/v1/quotas/QUOTA", None, Viewer, true),
        (get.clone(), "/v1/quotas/QUOTA/usage", None, Viewer, true),
        (
            put,
            "/v1/quotas/QUOTA",
            Some(json!({ "description": "x" })),
            Operator,
            true,
        ),
        (delete.clone(), "/v1/quotas/QUOTA", None, Operator, true),
        (get.clone(), "/admin/circuit-breakers", None, Viewer, false),
        (
            post.clone(),
            "/admin/circuit-breakers/log/trip",
            None,
            Everything,
            false,
        ),
        (
            post.clone(),
            "/admin/circuit-breakers/log/reset",
            None,
            Everything,
            false,
        ),
        (get.clone(), "/admin/lanes", None, Viewer, false),
        (
            post.clone(),
            "/admin/lanes/log/reset",
            None,
            Everything,
            false,
        ),
        (post.clone(), "/admin/reload", None, Everything, false),
        (get, "/v1/providers/health", None, Viewer, false),
        (post.clone(), "/v1/dlq/dead/replay", None, Operator, true),
        (delete, "/v1/dlq/dead-2", None, Operator, true),
        (post, "/v1/dlq/drain", None, Everything, false),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_asks_for_role_and_tenant() {
    for (method, path, body, needs, is_of_acme) in routes() {
        let (gateway, _) = start(&CALLERS).await;
        let root = gateway.with_key("root");
        root.dispatch(&action("a", "log", &json!({}))).await;
        for dead in ["dead", "dead-2"] {
            root.dispatch(&action(dead, "nope", &json!({}))).await;
        }
        let quota = json!({ "namespace": "incidents", "tenant": "acme", "provider": "log", "max_actions": 9, "window": "daily", "overage_behavior": "warn" });
        let quota = root.post("/v1/quotas", &quota).await.body["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let silence = json!({ "namespace": "incidents", "tenant": "acme", "matchers": [{ "name": "x", "value": "y" }], "duration_seconds": 60 });
        let silence = root.post("/v1/silences", &silence).await.body["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let nights = json!({ "namespace": "incidents", "tenant": "acme", "name": "nights", "time_ranges": [{ "months": [{ "start": 1, "end": 1 }] }] });
        root.post("/v1/time-intervals", &nights).await;
        let path = path.replace("QUOTA", &quota).replace("SILENCE", &silence);
        let send = async |key: Option<&str>| {
            let client = key.map_or_else(|| (*gateway).clone(), |key| gateway.with_key(key));
            client
                .try_send(
                    method.clone(),
                    &path,
                    body.as_ref().map(Value::to_string),
                    None,
                )
                .await
                .expect("an answer")
                .status
        };
        let route = format!("{method} {path}");
        if needs == Needs::Nobody {
            assert!(send(None).await.is_success(), "{route}");
            continue;
        }
        assert_eq!(
            send(None).await,
            StatusCode::UNAUTHORIZED,
            "{route} without a key"
        );
        assert_eq!(
            send(Some("wrong")).await,
            StatusCode::UNAUTHORIZED,
            "{route} with a wrong key"
        );
        let allowed = |status: StatusCode| {
            status.is_success() || (path.contains("/rules/r/") && status == StatusCode::NOT_FOUND)
        };
        let elsewhere = send(Some("globex-ops")).await;
        match (needs, is_of_acme) {
            (Needs::Everything, _) => assert_eq!(elsewhere, StatusCode::FORBIDDEN, "{route}"),
            (_, true) => {
                assert!(
                    [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND].contains(&elsewhere),
                    "{route} of another tenant: {elsewhere}"
                );
            }
            (_, false) => assert!(allowed(elsewhere), "{route} of another tenant: {elsewhere}"),
        }
        let looks = send(Some("acme-eyes")).await;
        assert_eq!(
            allowed(looks),
            needs == Needs::Viewer,
            "{route} by a viewer: {looks}"
        );
        if needs == Needs::Everything {
            assert_eq!(
                send(Some("acme-ops")).await,
                StatusCode::FORBIDDEN,
                "{route}"
            );
            assert!(allowed(send(Some("root")).await), "{route} by root");
        } else {
            let operates = send(Some("acme-ops")).await;
            assert!(allowed(operates), "{route} by an operator: {operates}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_show_only_what_is_granted_and_the_journal_knows_the_caller() {
    let (gateway, _) = start(&CALLERS).await;
    let acme = gateway.with_key("acme-ops");
    acme.dispatch(&action("a", "log", &json!({}))).await;
    let record = acme.get("/v1/audit/a").await.body;
    assert_eq!(
        (&record["caller_id"], &record["auth_method"]),
        (&json!("acme-ops"), &json!("api_key"))
    );
    acme.dispatch(&action("b", "nope", &json!({}))).await;
    let globex = gateway.with_key("globex-ops");
    for path in ["/v1/audit", "/v1/dlq", "/v1/audit?tenant=acme"] {
        assert!(
            !globex.get(path).await.body.to_string().contains("acme"),
            "{path}"
        );
    }
    assert_eq!(globex.get("/v1/dlq/stats").await.body["count"], 0);
    assert_eq!(globex.get("/v1/audit/export").await.body, json!(""));
    let batch = json!([action("c", "log", &json!({})), { "namespace": "n", "tenant": "globex", "provider": "log", "action_type": "x", "payload": {} }]);
    let refused = acme.post("/v1/dispatch/batch", &batch).await;
    assert_eq!(
        (refused.status, refused.body["code"].as_str()),
        (StatusCode::FORBIDDEN, Some("FORBIDDEN")),
        "one refuses the whole"
    );
    assert!(refused.body["message"].as_str().is_some_and(|text| {
        text.starts_with("forbidden: no grant covers tenant=globex namespace=n")
    }));
    assert_eq!(acme.get("/v1/audit/c").await.status, StatusCode::NOT_FOUND);
    let per_caller = json!({ "namespace": "incidents", "tenant": "acme", "per_principal": true, "max_actions": 1, "window": "daily", "overage_behavior": "block" });
    acme.post("/v1/quotas", &per_caller).await;
    let root = gateway.with_key("root");
    assert!(
        acme.dispatch(&action("d", "log", &json!({})))
            .await
            .get("Executed")
            .is_some()
    );
    assert!(
        acme.dispatch(&action("e", "log", &json!({})))
            .await
            .get("QuotaExceeded")
            .is_some()
    );
    assert!(
        root.dispatch(&action("f", "log", &json!({})))
            .await
            .get("Executed")
            .is_some(),
        "each caller is counted apart"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_change_without_a_restart_and_a_broken_file_changes_none() {
    let (gateway, path) = start(&CALLERS[..1]).await;
    let ops = gateway.with_key("acme-ops");
    let other_header = reqwest::Client::new()
        .get(format!("{}/v1/audit", gateway.base()))
        .header("x-api-key", "root")
        .send()
        .await
        .expect("an answer");
    assert_eq!(other_header.status(), StatusCode::OK);
    assert_eq!(ops.get("/v1/audit").await.status, StatusCode::UNAUTHORIZED);
    std::fs::write(&path, auth_file(&CALLERS[1..2])).expect("written");
    ops.until("/v1/audit", |body| body["records"].is_array())
        .await;
    assert_eq!(
        gateway.with_key("root").get("/v1/audit").await.status,
        StatusCode::UNAUTHORIZED,
        "the key is gone"
    );
    std::fs::write(
        &path,
        "[[api_keys]]\nname = \"x\"\nkey_hash = \"tooshort\"\nrole = \"king\"\n",
    )
    .expect("written");
    let ready = ops
        .until("/ready", |ready| ready["status"] == "degraded")
        .await;
    assert!(
        ready
            .to_string()
            .contains("API keys: those before stay in force")
            && ready.to_string().contains("auth.toml:3:"),
        "{ready}"
    );
    let metrics = |value: u8| {
        move |body: &Value| {
            body.as_str()
                .is_some_and(|text| text.contains(&format!("\nacteon_api_keys_broken {value}\n")))
        }
    };
    ops.until("/metrics", metrics(1)).await;
    let folder = path.parent().expect("a folder").to_owned();
    let configuration = folder.join("acteon.toml");
    std::fs::write(&configuration, format!("auth.enabled = true\n{LOG}")).expect("written");
    let output = run_command(
        &["check", "-c", configuration.to_str().expect("text")],
        &[],
        "",
    );
    let said = String::from_utf8_lossy(&output.stderr);
    for expected in [
        "64 hexadecimal digits",
        "admin, operator or viewer",
        "has no grants",
        "auth.toml:3:",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert_eq!(ops.get("/v1/audit").await.status, StatusCode::OK);
    std::fs::write(&path, auth_file(&CALLERS[1..3])).expect("written");
    ops.until("/ready", |ready| ready["status"] == "ready")
        .await;
    ops.until("/metrics", metrics(0)).await;
}

/// An editor or a redirection empties a file before it writes: nobody is locked out meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_file_takes_no_key_away() {
    let (gateway, path) = start(&CALLERS[..1]).await;
    let root = gateway.with_key("root");
    for text in ["", "# no keys\n"] {
        std::fs::write(&path, text).expect("written");
        let ready = root
            .until("/ready", |ready| {
                ready["status"] == "degraded" || ready.get("code").is_some()
            })
            .await;
        assert!(
            ready.to_string().contains("auth.toml:1: api_keys"),
            "{text:?}: {ready}"
        );
        root.until("/metrics", |body| {
            body.as_str()
                .is_some_and(|text| text.contains("\nacteon_api_keys_broken 1\n"))
        })
        .await;
        assert_eq!(root.get("/v1/audit").await.status, StatusCode::OK);
        std::fs::write(&path, auth_file(&CALLERS[..2])).expect("written");
        root.until("/ready", |ready| ready["status"] == "ready")
            .await;
    }
}

/// What starts and checks a server says of a keys file.
fn refusals_of(file: &std::path::Path) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = folder.path().join("acteon.toml");
    std::fs::write(
        &configuration,
        format!(
            "auth.enabled = true\nauth.config_path = {:?}\n{LOG}",
            file.display().to_string()
        ),
    )
    .expect("written");
    let (path, data) = (
        configuration.display().to_string(),
        folder.path().display().to_string(),
    );
    let refused = |arguments: &[&str]| {
        let output = run_command(arguments, &[], "");
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    vec![
        refused(&["check", "-c", &path]),
        refused(&["-c", &path, "--data-dir", &data, "--port", "0"]),
    ]
}

#[test]
fn a_server_does_not_start_without_a_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("auth.toml");
    std::fs::write(&file, "").expect("written");
    for said in refusals_of(&file) {
        assert!(
            said.contains("auth.toml:1:") && said.contains("acteon-server api-key"),
            "{said}"
        );
    }
}

#[cfg(unix)]
#[test]
fn keys_come_from_a_regular_file_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .expect("mkfifo")
            .success()
    );
    for (file, what) in [
        (&*pipe, "a named pipe"),
        (folder.path(), "a directory"),
        (std::path::Path::new("/dev/zero"), "a device"),
    ] {
        for said in refusals_of(file) {
            assert!(
                said.contains(what) && said.contains(&file.display().to_string()),
                "{said}"
            );
        }
    }
}

#[test]
fn a_public_address_needs_keys_and_a_made_key_works() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("text");
    for host in ["0.0.0.0", "::", "192.0.2.1"] {
        let output = run_command(
            &["--host", host, "--port", "0", "--data-dir", data],
            &[],
            "",
        );
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success()
                && said.contains("without API keys")
                && said.contains("api-key"),
            "{host}: {said}"
        );
    }
    let made = run_command(
        &["api-key", "ci", "--role", "viewer", "--tenant", "acme"],
        &[],
        "",
    );
    let block = String::from_utf8_lossy(&made.stdout).into_owned();
    let key = String::from_utf8_lossy(&made.stderr)
        .lines()
        .find(|line| line.len() == 64)
        .expect("a key")
        .to_owned();
    let table = acteon_server::config::AuthTable::parse(
        "auth.toml",
        &block,
        &acteon_crypto::KeyRing::default(),
    )
    .expect("a valid block");
    let caller = table
        .caller(acteon_server::config::KeyOf(&key))
        .expect("the caller");
    assert_eq!(
        (&*caller.id, caller.grants[0].tenants[0].as_str()),
        ("ci", "acme")
    );
    assert!(!block.contains(&key), "the file keeps only the hash");
}

#[cfg(feature = "wechat")]
#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_said_is_for_those_who_may_do_everything_through_all_of_its_lane() {
    use acteon_fakes::wecom::{Call, Fault};
    let wecom = crate::wechat::local_wecom(crate::wechat::unlimited()).await;
    wecom.fault(
        Call::Send,
        Fault::Json(json!({ "errcode": 45009, "errmsg": "canary of acme" }).to_string()),
        None,
    );
    let folder = tempfile::tempdir().expect("a folder");
    let half = auth_file(&[("half", "viewer", "*")]) + "providers = [\"wechat-ops\"]\n";
    std::fs::write(folder.path().join("auth.toml"), auth_file(&CALLERS) + &half).expect("written");
    let one = crate::wechat::configuration(&wecom, "");
    let other = one.replace("wechat-ops", "wechat-dev");
    let path = folder.path().join("auth.toml").display().to_string();
    let gateway = Gateway::start_in(
        folder,
        &format!("auth.enabled = true\nauth.config_path = {path:?}\n{one}{other}"),
    )
    .await;
    let root = gateway.with_key("root");
    assert!(
        root.dispatch(&action(
            "a",
            "wechat-ops",
            &json!({ "touser": "@all", "content": "x" })
        ))
        .await
        .get("Scheduled")
        .is_some()
    );
    let lanes = root
        .until("/admin/lanes", |body| body.to_string().contains("canary"))
        .await;
    assert!(
        root.get("/v1/providers/health")
            .await
            .body
            .to_string()
            .contains("canary"),
        "who may do everything is told"
    );
    for key in ["acme-eyes", "globex-ops", "half"] {
        let other = gateway.with_key(key);
        let shown = other.get("/admin/lanes").await.body;
        assert_eq!(
            (&shown["lanes"][0]["name"], &shown["lanes"][0]["reason"]),
            (&lanes["lanes"][0]["name"], &Value::Null),
            "{key}"
        );
        for path in ["/admin/lanes", "/v1/providers/health"] {
            let body = other.get(path).await.body["lanes"].to_string();
            assert!(!body.contains("canary"), "{key} {path}: {body}");
        }
        for provider in other.get("/v1/providers/health").await.body["providers"]
            .as_array()
            .expect("a list")
        {
            let is_theirs = key == "half" && provider["provider"] == "wechat-ops";
            assert!(provider["lane"]["reason"].is_null(), "{key}: {provider}");
            assert!(
                is_theirs || !provider.to_string().contains("canary"),
                "{key}: {provider}"
            );
        }
    }
}

/// A route that is added must be added to the matrix above, and one that is gone goes from it.
#[test]
fn the_matrix_has_every_route() {
    let built = acteon_server::routes();
    assert!(built.len() > 40, "{built:?}");
    let fits = |template: &str, path: &str| {
        let (template, path): (Vec<&str>, Vec<&str>) =
            (template.split('/').collect(), path.split('/').collect());
        template.len() == path.len()
            && template
                .iter()
                .zip(path)
                .all(|(part, tried)| part.starts_with('{') || *part == tried)
    };
    let tried: Vec<(Method, &str)> = routes()
        .into_iter()
        .map(|(method, path, ..)| (method, path.split('?').next().unwrap_or_default()))
        .collect();
    for route in &built {
        assert!(
            tried
                .iter()
                .any(|(method, path)| *method == route.method && fits(route.path, path)),
            "{route:?} is not in the matrix"
        );
    }
    for (method, path) in tried {
        assert!(
            built
                .iter()
                .any(|route| route.method == method && fits(route.path, path)),
            "{method} {path} is no route"
        );
    }
}

#[test]
fn a_hash_is_of_one_key_and_a_grant_allows_something() {
    use acteon_crypto::KeyRing;
    let parse = |text: &str| {
        acteon_server::config::AuthTable::parse("auth.toml", text, &KeyRing::default())
            .map(|table| table.len())
    };
    let both = auth_file(&CALLERS[..1])
        + &auth_file(&CALLERS[..1])
            .replace("name = \"root\"", "name = \"eyes\"")
            .replace("admin", "viewer");
    let refused = parse(&both)
        .expect_err("which of the two would it be")
        .to_string();
    assert!(
        refused.contains("auth.toml:10:") && refused.contains("that of \"root\" too"),
        "{refused}"
    );
    let refused = parse(&auth_file(&CALLERS[..1]).replace("tenants = [\"*\"]", "tenants = []"))
        .expect_err("it allows nothing")
        .to_string();
    assert!(refused.contains("tenants: is empty"), "{refused}");
    assert!(parse(&auth_file(&CALLERS)).is_ok_and(|keys| keys == CALLERS.len()));
}

#[test]
fn a_hash_may_stand_in_an_envelope() {
    use acteon_crypto::{Envelope, KeyRing, SecretString};
    let ring = KeyRing::parse(&"42".repeat(32)).expect("a key");
    let plain = auth_file(&CALLERS[..1]);
    let hash = plain
        .lines()
        .find_map(|line| line.strip_prefix("key_hash = "))
        .expect("a hash")
        .trim_matches('"')
        .to_owned();
    let envelope = Envelope::seal(&SecretString::from(hash.as_str()), &ring)
        .expect("an envelope")
        .to_string();
    let sealed = plain.replace(&hash, &envelope);
    let parse =
        |ring: &KeyRing| acteon_server::config::AuthTable::parse("auth.toml", &sealed, ring);
    assert!(
        parse(&ring)
            .expect("a table")
            .caller(acteon_server::config::KeyOf("root"))
            .is_some()
    );
    assert!(
        parse(&KeyRing::default()).is_err(),
        "an envelope that nobody can open is no hash"
    );
}
