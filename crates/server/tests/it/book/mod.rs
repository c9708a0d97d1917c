//! The README and the book hold: what they say is done, and what they say comes out is what comes out.
//!
//! Each page is one session, from top to bottom, in a folder of its own, with the local WeChat Work and a gateway on free ports: pages say
//! `127.0.0.1:8090` and `127.0.0.1:8080`. What a fenced block is stands behind its fence:
//!
//! - `console`: commands after `$ `, and what each prints; nothing behind it: anything, as long as it succeeds. What begins with `error` must fail.
//! - `toml`, `yaml`: a configuration or rules, which `check` must take. `# rules/oncall.yaml` in the first line keeps it under that name for
//!   the commands that follow. `fails`: `check` must refuse it.
//! - `console postgres` needs the PostgreSQL of the tests, and is skipped without.
//! - `http`: a request, which must succeed; `fails`: which must not.
//! - `json`: what the command or the request before it answers, with `"..."` for anything.
//! - `not-run: REASON` behind any of them, and it is not run. There are as many of those as a test says.

mod expect;
mod links;
mod markdown;
mod mentions;
mod session;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};

use acteon_fakes::wecom::LocalWecom;
use markdown::blocks;
use session::Session;

/// Blocks that cannot be run, by page. Each says why.
const NOT_RUN: &[(&str, usize)] = &[("chains-tests.md", 1), ("stream.md", 1)];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the repository")
}

/// The README and every page of the book, by name.
fn pages() -> BTreeMap<String, String> {
    let book = std::fs::read_dir(root().join("docs/book"))
        .expect("the book")
        .map(|entry| entry.expect("a page").path());
    let pages = book.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let pages = pages.chain([root().join("README.md")]);
    let text = |path: PathBuf| {
        (
            path.file_name().expect("a name").display().to_string(),
            std::fs::read_to_string(path).expect("text"),
        )
    };
    pages.map(text).collect()
}

/// The quick start's provider.
fn provider_lines(wecom: &LocalWecom) -> String {
    let Ok(lines) = wecom.provider("wechat-ops", Ok::<_, Infallible>);
    lines
}

/// `ACTEON_BOOK=rules.md` runs one page.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_block_does_what_its_page_says() {
    let wanted = std::env::var("ACTEON_BOOK").ok();
    let pages = pages()
        .into_iter()
        .filter(|(name, _)| wanted.as_ref().is_none_or(|wanted| wanted == name));
    let running: Vec<_> = pages
        .map(|(name, page)| tokio::spawn(async move { run(&name, &page).await }))
        .collect();
    let mut wrong = Vec::new();
    let mut blocks = 0;
    for page in running {
        let (run, faults) = page.await.expect("a page");
        wrong.extend(faults);
        blocks += run;
    }
    assert!(
        wrong.is_empty(),
        "{} of {blocks} blocks do not hold:\n\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
    assert!(wanted.is_some() || blocks > 30, "{blocks}");
}

/// Runs a page. Returns how many blocks were run, and what is wrong.
async fn run(name: &str, page: &str) -> (usize, Vec<String>) {
    let blocks: Vec<_> = blocks(page)
        .into_iter()
        .filter(|block| block.excuse.is_none())
        .collect();
    let mut wrong = Vec::new();
    if blocks.is_empty() {
        return (0, wrong);
    }
    let mut session = Session::start().await;
    for block in &blocks {
        if let Err(why) = session.run(block).await {
            wrong.push(format!("{name}:{}: {why}", block.line));
        }
    }
    (blocks.len(), wrong)
}

/// The harness itself: what does not hold is told, each with its line.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_does_not_hold_is_told() {
    let posted = "```http\nPOST /v1/dispatch\n\n{\"namespace\": \"a\", \"tenant\": \"b\", \"provider\": \"log\", \"action_type\": \"c\", \"payload\": {}}\n```\n";
    let executed = "```json\n{\"Executed\": {\"status\": \"success\", \"body\": {\"logged\": true}, \"headers\": {}}}\n```\n";
    let held = format!(
        "{posted}{executed}```console\n$ echo one\none\n$ acteon-server keygen\n...\n```\n```toml\nserver.port = 1\n```\n"
    );
    assert_eq!(run("held.md", &held).await, (4, Vec::new()));
    for (page, told) in [
        (
            format!("{posted}{}", executed.replace("true", "false")),
            "the answer.Executed.body.logged is true",
        ),
        (
            format!("{posted}{}", executed.replace(", \"headers\": {}", "")),
            "the answer.Executed has headers too",
        ),
        (posted.replace("\"b\"", "7"), "422"),
        (executed.to_owned(), "no command or request before it"),
        (
            "```console\n$ echo one\ntwo\n```\n".to_owned(),
            "it prints\none",
        ),
        ("```console\n$ false\n```\n".to_owned(), "exit status: 1"),
        (
            "```console\n$ echo fine\nerror: not fine\n```\n".to_owned(),
            "exit status: 0",
        ),
        (
            "```console\n$ cargo frobnicate\n```\n".to_owned(),
            ".ci/run has no `cargo frobnicate`",
        ),
        (
            "```toml\nserver.prot = 1\n```\n".to_owned(),
            "there is no such key",
        ),
        (
            "```toml fails\nserver.port = 1\n```\n".to_owned(),
            "`check` says exit status: 0",
        ),
        (
            "```yaml\nrules:\n  - {name: a}\n```\n".to_owned(),
            "`check` says exit status: 1",
        ),
        ("```yaml\ntests: []\n```\n".to_owned(), "needs its name"),
        (
            "```sh\ntrue\n```\n".to_owned(),
            "nothing is known of blocks in \"sh\"",
        ),
    ] {
        let (_, wrong) = run("wrong.md", &page).await;
        assert!(
            wrong.len() == 1 && wrong[0].starts_with("wrong.md:") && wrong[0].contains(told),
            "{page}\n{wrong:?}"
        );
    }
}

#[test]
fn what_cannot_be_run_says_why_and_is_counted() {
    let mut counted = BTreeMap::new();
    for (name, page) in pages() {
        for block in blocks(&page) {
            let Some(excuse) = &block.excuse else {
                continue;
            };
            assert!(
                excuse.split_whitespace().count() >= 3,
                "{name}:{}: say why it cannot be run",
                block.line
            );
            *counted.entry(name.clone()).or_default() += 1;
        }
    }
    let expected: BTreeMap<String, usize> = NOT_RUN
        .iter()
        .map(|(name, count)| ((*name).to_owned(), *count))
        .collect();
    assert_eq!(
        counted, expected,
        "blocks that say `not-run`, and the list of this test"
    );
}

/// Whether `.ci/run` has a cargo command of a page, which would build for minutes here, or checks what it builds.
fn in_ci(command: &str) -> Result<(), String> {
    let plain = |text: &str| text.replace(" --locked", "").replace(" --release", "");
    let ci = std::fs::read_to_string(root().join(".ci/run")).expect("the script");
    let command = plain(command.split(" # ").next().unwrap_or_default().trim());
    let checked = command
        .replace("cargo build", "cargo check")
        .replace("cargo run", "cargo check");
    let has = ci
        .lines()
        .map(plain)
        .any(|line| line.contains(&command) || line.contains(&checked));
    if has {
        Ok(())
    } else {
        Err(format!(".ci/run has no `{command}`"))
    }
}
