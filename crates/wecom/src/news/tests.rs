//! Tests of articles: their bytes and their limits.

use super::*;
use crate::content::Content;
use crate::limits::MessageError;
use crate::message::{Message, Ready};
use crate::overflow::Overflow;
use crate::recipients::Recipients;

fn ready(content: Content, safe: u8, overflow: Overflow) -> Result<Ready, MessageError> {
    let message = Message {
        recipients: Recipients {
            touser: "@all".into(),
            ..Recipients::default()
        },
        agentid: 1,
        content,
        safe,
        enable_id_trans: None,
        enable_duplicate_check: None,
        duplicate_check_interval: None,
    };
    message.ready(overflow, Language::En)
}

fn article() -> Article {
    Article {
        title: "t".into(),
        url: "https://example.com".into(),
        ..Article::default()
    }
}

fn news(articles: Vec<Article>) -> Content {
    Content::News {
        news: News { articles },
    }
}

fn mp_article() -> MpnewsArticle {
    MpnewsArticle {
        title: "t".into(),
        thumb_media_id: "m".into(),
        content: "<p>c</p>".into(),
        ..MpnewsArticle::default()
    }
}

fn mpnews(articles: Vec<MpnewsArticle>) -> Content {
    Content::Mpnews {
        mpnews: Mpnews { articles },
    }
}

fn text_of(content: Content, safe: u8) -> String {
    let ready = ready(content, safe, Overflow::Reject).expect("ready");
    assert_eq!(ready.warnings, Vec::<String>::new());
    String::from_utf8(ready.message.to_bytes()).expect("UTF-8")
}

/// Text of the error, which is the same whether texts may be cut.
fn error(content: &Content) -> String {
    let errors = [Overflow::Reject, Overflow::Truncate].map(|overflow| {
        ready(content.clone(), 0, overflow)
            .expect_err("refused")
            .to_string()
    });
    assert_eq!(errors[0], errors[1]);
    errors[0].clone()
}

#[test]
fn articles_are_written_as_the_api_reads_them() {
    let page = Article {
        title: "t".into(),
        description: "d".into(),
        url: "https://example.com".into(),
        picurl: "https://example.com/p.png".into(),
        appid: "wx1".into(),
        pagepath: "pages/a".into(),
    };
    assert_eq!(
        text_of(news(vec![article(), page]), 0),
        r#"{"touser":"@all","agentid":1,"msgtype":"news","news":{"articles":[{"title":"t","url":"https://example.com"},{"title":"t","description":"d","url":"https://example.com","picurl":"https://example.com/p.png","appid":"wx1","pagepath":"pages/a"}]},"safe":0}"#
    );
    let whole = MpnewsArticle {
        author: "a".into(),
        content_source_url: "https://example.com".into(),
        digest: "d".into(),
        ..mp_article()
    };
    assert_eq!(
        text_of(mpnews(vec![whole]), 2),
        r#"{"touser":"@all","agentid":1,"msgtype":"mpnews","mpnews":{"articles":[{"title":"t","thumb_media_id":"m","author":"a","content_source_url":"https://example.com","content":"<p>c</p>","digest":"d"}]},"safe":2}"#
    );
}

#[test]
fn a_message_has_one_to_eight_articles() {
    text_of(news(vec![article(); 8]), 0);
    text_of(mpnews(vec![mp_article(); 8]), 1);
    for (content, text) in [
        (news(vec![]), "news.articles is missing or empty"),
        (
            news(vec![article(); 9]),
            "news.articles has 9 entries, at most 8 are allowed",
        ),
        (mpnews(vec![]), "mpnews.articles is missing or empty"),
        (
            mpnews(vec![mp_article(); 9]),
            "mpnews.articles has 9 entries, at most 8 are allowed",
        ),
    ] {
        assert_eq!(error(&content), text);
    }
}

#[test]
fn an_article_opens_something() {
    let program = |appid: &str, pagepath: &str| Article {
        url: String::new(),
        appid: appid.into(),
        pagepath: pagepath.into(),
        ..article()
    };
    text_of(news(vec![program("wx1", &"p".repeat(128))]), 0);
    for (content, text) in [
        (
            program("wx1", ""),
            "news.articles[1].url is missing, and so is appid with pagepath: one of the two is needed",
        ),
        (
            program("wx1", &"p".repeat(129)),
            "news.articles[1].pagepath is 129 bytes long, at most 128 are allowed; shorten it",
        ),
        (
            Article {
                title: String::new(),
                ..article()
            },
            "news.articles[1].title is missing or empty",
        ),
        (
            Article {
                picurl: "p.png".into(),
                ..article()
            },
            "news.articles[1].picurl cannot be opened: it must begin with http:// or https://",
        ),
    ] {
        assert_eq!(error(&news(vec![article(), content])), text);
    }
    let long = |size: usize| Article {
        url: format!("{:x<size$}", "https://example.com/"),
        ..article()
    };
    text_of(news(vec![long(2048)]), 0);
    assert!(error(&news(vec![long(2049)])).contains("2049 bytes"));
}

#[test]
fn an_article_of_its_own_has_limits() {
    let with = |change: fn(&mut MpnewsArticle)| {
        let mut article = mp_article();
        change(&mut article);
        mpnews(vec![article])
    };
    text_of(with(|article| article.author = "a".repeat(64)), 0);
    text_of(with(|article| article.content = "c".repeat(666 * 1024)), 0);
    for (content, part) in [
        (
            with(|article| article.author = "a".repeat(65)),
            "author is 65 bytes long",
        ),
        (
            with(|article| article.content = "c".repeat(666 * 1024 + 1)),
            "content is 681985 bytes long",
        ),
        (
            with(|article| article.content.clear()),
            "content is missing",
        ),
        (
            with(|article| article.thumb_media_id.clear()),
            "thumb_media_id is missing",
        ),
        (with(|article| article.title.clear()), "title is missing"),
        (
            with(|article| article.content_source_url = "x".into()),
            "content_source_url cannot be opened",
        ),
    ] {
        let text = error(&content);
        assert!(
            text.starts_with(&format!("mpnews.articles[0].{part}")),
            "{text}"
        );
    }
}

#[test]
fn titles_and_descriptions_are_cut_at_their_limits() {
    let long = |title: usize, description: usize| Article {
        title: "t".repeat(title),
        description: "d".repeat(description),
        ..article()
    };
    text_of(news(vec![long(128, 512)]), 0);
    for (title, description) in [(129, 1), (1, 513)] {
        let content = news(vec![long(title, description)]);
        assert!(ready(content.clone(), 0, Overflow::Reject).is_err());
        let cut = ready(content, 0, Overflow::Truncate).expect("cut");
        assert_eq!(cut.warnings.len(), 1, "{:?}", cut.warnings);
        assert!(
            cut.warnings[0].starts_with("news.articles[0]."),
            "{:?}",
            cut.warnings
        );
    }
    let both = news(vec![long(129, 513), long(1, 513)]);
    let refused = ready(both, 0, Overflow::Reject).expect_err("too long");
    assert_eq!(refused.to_string().matches("shorten it").count(), 3);
    let digest = |size: usize| {
        mpnews(vec![MpnewsArticle {
            digest: "d".repeat(size),
            ..mp_article()
        }])
    };
    text_of(digest(512), 0);
    let refused = ready(digest(513), 0, Overflow::Reject).expect_err("too long");
    assert!(
        refused
            .to_string()
            .starts_with("mpnews.articles[0].digest is 513 bytes"),
        "{refused}"
    );
}

#[test]
fn news_cannot_be_confidential() {
    let refused = ready(news(vec![article()]), 1, Overflow::Truncate);
    assert_eq!(
        refused.expect_err("confidential").to_string(),
        "safe is on, and news cannot be confidential: say \"safe\": false, or send mpnews"
    );
}
