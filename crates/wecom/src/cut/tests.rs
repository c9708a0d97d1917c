//! Tests of cuts: their places, the markup that they close, and their cost.

use proptest::prelude::*;

use super::*;

#[test]
fn what_fits_is_left_alone() {
    assert_eq!(
        cut("abc", 3, Unit::Bytes, Markup::Plain, Language::En),
        None
    );
    assert_eq!(
        cut("中文字", 3, Unit::Characters, Markup::Plain, Language::En),
        None
    );
}

#[test]
fn a_cut_falls_between_characters_and_says_how_much_is_missing() {
    let (text, missing) = cut(
        &"中".repeat(20),
        40,
        Unit::Bytes,
        Markup::Plain,
        Language::En,
    )
    .expect("cut");
    assert!(text.len() <= 40, "{text}");
    assert!(
        text.ends_with(&format!("… [{missing} bytes cut]")),
        "{text}"
    );
    assert_eq!(missing + text.matches('中').count() * 3, 60);
}

#[test]
fn what_people_see_as_one_character_is_not_torn_apart() {
    for letter in ["👩‍👩‍👧‍👦", "👍🏽", "🇨🇳", "e\u{301}", "각", "\r\n"] {
        for (unit, limit) in [(Unit::Bytes, 200), (Unit::Characters, 60)] {
            let (text, _) = cut(
                &format!("x{}", letter.repeat(300)),
                limit,
                unit,
                Markup::Tags,
                Language::En,
            )
            .expect("cut");
            let (kept, _) = text.split_once('…').expect("a mark");
            let whole = kept.strip_prefix('x').expect("its begin");
            assert!(
                whole.len() % letter.len() == 0 && (letter == "\r\n" || !whole.is_empty()),
                "{letter:?}: {kept:?}"
            );
        }
    }
}

#[test]
fn a_mark_is_in_the_language_of_its_readers() {
    let (text, missing) = cut(
        &"中".repeat(100),
        90,
        Unit::Bytes,
        Markup::Plain,
        Language::Zh,
    )
    .expect("cut");
    assert!(
        text.ends_with(&format!("… [已截断 {missing} 字节]")),
        "{text}"
    );
    let (text, missing) = cut(
        &"中".repeat(100),
        90,
        Unit::Characters,
        Markup::Plain,
        Language::Zh,
    )
    .expect("cut");
    assert!(
        text.ends_with(&format!("… [已截断 {missing} 字]")),
        "{text}"
    );
}

#[test]
fn markup_that_is_open_is_closed() {
    let long = format!("<font color=\"warning\">**{}**</font>", "x".repeat(100));
    let (text, _) = cut(&long, 70, Unit::Bytes, Markup::Markdown, Language::En).expect("cut");
    assert!(text.contains("x**</font>… ["), "{text}");
    let (text, _) = cut(
        &format!("ab [runbook](https://example.com/{})", "x".repeat(90)),
        60,
        Unit::Bytes,
        Markup::Markdown,
        Language::En,
    )
    .expect("cut");
    assert!(text.starts_with("ab… ["), "{text}");
}

#[test]
fn a_last_line_that_is_a_link_stays() {
    let long = format!(
        "{}\n> [Open runbook](https://example.com/r)",
        "line\n".repeat(500)
    );
    let (text, _) = cut(&long, 2048, Unit::Bytes, Markup::Markdown, Language::En).expect("cut");
    assert!(
        text.ends_with("cut]\n> [Open runbook](https://example.com/r)"),
        "{text}"
    );
    assert!(text.len() <= 2048 && text.len() > 2000, "{}", text.len());
}

#[test]
fn what_looks_like_markup_and_does_not_end_costs_no_more_than_a_piece() {
    let long =
        |start: &str, end: &str| format!("mysql shop {start}{}{end}", "/var/x.sql ".repeat(300));
    for text in [
        long("<", "<init>"),
        long("</", ">"),
        long("<a ", ">"),
        long("<a href=\"x\">", ""),
        long("<font ", ">"),
        long("[", "](https://example.com/)"),
        "<font color=\"warning\">".repeat(200),
        "**`".repeat(900),
        "[](".repeat(900),
        format!("x{}", "\n".repeat(3000)),
    ] {
        for markup in [Markup::Tags, Markup::Markdown, Markup::Plain] {
            let (cut_text, _) = cut(&text, 2048, Unit::Bytes, markup, Language::En).expect("cut");
            assert!(
                (1748..=2048).contains(&cut_text.len()),
                "{markup:?} keeps {} of {}",
                cut_text.len(),
                &text[..20]
            );
        }
    }
}

#[test]
fn a_cut_looks_no_further_than_its_limit() {
    for soup in [
        "<", "[", "<a ", "</", "[](", "**", "`", "<font ", "<font>", "<div><", "[<*`",
    ] {
        let searched = |megabytes: usize| {
            let text = soup.repeat(megabytes * 1024 * 1024 / soup.len());
            let mut scanner = Scanner::new(&text, Markup::Markdown);
            scanner.last_fit(2000, Unit::Bytes);
            (scanner.searched, scanner.at)
        };
        let once = searched(1);
        assert_eq!(once, searched(2), "{soup}");
        assert!(
            once.0 <= 2001 * LONGEST_PIECE && once.1 <= 2000 + LONGEST_PIECE,
            "{soup}: {once:?}"
        );
    }
}

proptest! {
    #[test]
    fn a_cut_keeps_nearly_all_that_there_is_room_for(
        text in "([a-z*`\\[\\]()<>/\" =中]|\\*\\*|</?font>|<font color=\"info\">|<a href=\"x\">|</a>|\\[[a-z ]{1,300}\\]\\(http://[a-z]{1,90}\\)|<a href=\"[a-z]{1,300}\">){900,1500}",
    ) {
        for (unit, markup) in [(Unit::Bytes, Markup::Markdown), (Unit::Bytes, Markup::Tags), (Unit::Characters, Markup::Tags)] {
            if let Some((cut_text, _)) = cut(&text, 1200, unit, markup, Language::En) {
                prop_assert!((900..=1200).contains(&unit.size(&cut_text)), "{cut_text:?}");
            }
        }
    }

    #[test]
    fn a_cut_text_fits_and_counts_what_is_missing(text in "([a-z*`\\[\\]()<>/ \n中]|\\*\\*|</?font>|<a href=\"x\">|</a>){0,300}", limit in 60usize..200) {
        let (en, zh) = (Language::En, Language::Zh);
        for (unit, markup, language) in
            [(Unit::Bytes, Markup::Markdown, en), (Unit::Characters, Markup::Tags, zh), (Unit::Bytes, Markup::Plain, zh)]
        {
            if let Some((cut_text, missing)) = cut(&text, limit, unit, markup, language) {
                prop_assert!(unit.size(&cut_text) <= limit, "{cut_text:?}");
                let mark = language.cut_mark(missing, unit);
                prop_assert!(missing > 0 && cut_text.contains(&mark), "{cut_text:?}");
            } else {
                prop_assert!(unit.size(&text) <= limit);
            }
        }
    }
}
