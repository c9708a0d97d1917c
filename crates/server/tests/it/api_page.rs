//! The page that shows the `OpenAPI` document.

use reqwest::StatusCode;
use reqwest::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};

use crate::support::Gateway;

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

/// What `attribute="..."` names in a page.
fn named(page: &str, attribute: &str) -> Vec<String> {
    let opening = format!("{attribute}=\"");
    let parts = page.split(&opening).skip(1);
    let values = parts.filter_map(|part| part.split('"').next());
    values.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_and_all_that_it_loads_come_from_the_server() {
    let gateway = Gateway::start(LOG).await;
    let page = reqwest::get(format!("{}/api-doc", gateway.base()))
        .await
        .expect("an answer");
    assert_eq!(page.url().path(), "/api-doc/");
    assert_eq!(page.status(), StatusCode::OK);
    assert_eq!(page.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
    let page = page.text().await.expect("a page");
    let mut loaded = named(&page, "src");
    loaded.extend(
        named(&page, "href")
            .into_iter()
            .filter(|link| !link.starts_with("data:")),
    );
    assert_eq!(
        loaded,
        [
            "swagger-ui-bundle.js",
            "start.js",
            "swagger-ui.css",
            "openapi.json"
        ]
    );
    assert!(
        !page.contains("<script>"),
        "no script stands in the page: {page}"
    );
    for file in loaded {
        let answer = reqwest::get(format!("{}/api-doc/{file}", gateway.base()))
            .await
            .expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "{file}");
        let content_type = answer.headers()[CONTENT_TYPE].clone();
        let expected = match file.rsplit_once('.') {
            Some((_, "js")) => "text/javascript; charset=utf-8",
            Some((_, "css")) => "text/css; charset=utf-8",
            _ => "application/json",
        };
        assert_eq!(content_type, expected, "{file}");
        if expected != "application/json" {
            let policy = answer.headers()[CONTENT_SECURITY_POLICY].to_str();
            let policy = policy.expect("a policy");
            assert!(
                policy.contains("default-src 'none'; script-src 'self';"),
                "{policy}"
            );
        }
        assert!(!answer.text().await.expect("a text").is_empty(), "{file}");
    }
    let start = gateway.get("/api-doc/start.js").await.body;
    let start = start.as_str().expect("a script");
    assert!(
        start.contains("validatorUrl: null") && !start.contains("://"),
        "{start}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_takes_no_query_and_no_other_file() {
    let gateway = Gateway::start(LOG).await;
    for (path, status) in [
        ("/api-doc/?url=https://example.com/", 400),
        ("/api-doc/start.js?x", 400),
        ("/api-doc/LICENSE", 404),
        ("/api-doc/..%2f..%2fetc%2fpasswd", 404),
    ] {
        assert_eq!(gateway.get(path).await.status, status, "{path}");
    }
}
