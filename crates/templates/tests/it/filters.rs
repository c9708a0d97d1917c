//! Filters, each with what it makes of values.

use acteon_templates::Escaping;

use crate::with_x;

/// What each expression comes to where `x` is the JSON value beside it.
fn check(rows: &[(&str, &str, &str)]) {
    for (expression, json, expected) in rows {
        let source = format!("{{{{ {expression} }}}}");
        let rendered = with_x(&source, json, Escaping::None);
        assert_eq!(rendered.as_deref(), Ok(*expected), "{expression} of {json}");
    }
}

/// What is told about each expression where `x` is the JSON value beside it.
fn check_errors(rows: &[(&str, &str, &str)]) {
    for (expression, json, expected) in rows {
        let source = format!("{{{{ {expression} }}}}");
        let error = with_x(&source, json, Escaping::None).expect_err(expression);
        assert!(error.contains(expected), "{expression} of {json}: {error}");
    }
}

// The values and texts are those of Prometheus' own tests, in template_test.go.
#[test]
fn numbers_are_written_as_prometheus_does() {
    check(&[
        ("x | humanize", "0.0", "0"),
        ("x | humanize", "1.0", "1"),
        ("x | humanize", "1234567.0", "1.235M"),
        ("x | humanize", "0.12", "120m"),
        ("x | humanize", "\"1234567.0\"", "1.235M"),
        ("x | humanize", "-1500", "-1.5k"),
        ("x | humanize", "1e30", "1e+06Y"),
        ("x | humanize", "\"NaN\"", "NaN"),
        ("x | humanize", "\"+Inf\"", "+Inf"),
        ("x | humanize1024", "0.0", "0"),
        ("x | humanize1024", "1.0", "1"),
        ("x | humanize1024", "1048576.0", "1Mi"),
        ("x | humanize1024", "0.12", "0.12"),
        ("x | humanizeDuration", "0", "0s"),
        ("x | humanizeDuration", "1", "1s"),
        ("x | humanizeDuration", "60", "1m 0s"),
        ("x | humanizeDuration", "3600", "1h 0m 0s"),
        ("x | humanizeDuration", "86400", "1d 0h 0m 0s"),
        ("x | humanizeDuration", "-86400", "-1d 0h 0m 0s"),
        ("x | humanizeDuration", "0.1", "100ms"),
        ("x | humanizeDuration", "0.0001", "100us"),
        ("x | humanizeDuration", "12.345", "12.35s"),
        ("x | humanizePercentage", "-0.22222", "-22.22%"),
        ("x | humanizePercentage", "0.1234567", "12.35%"),
        (
            "x | humanizeTimestamp",
            "1435065584.128",
            "2015-06-23 13:19:44.128 +0000 UTC",
        ),
        (
            "x | humanizeTimestamp",
            "\"1435065584\"",
            "2015-06-23 13:19:44 +0000 UTC",
        ),
    ]);
}

#[test]
fn texts_are_changed_as_prometheus_does() {
    check(&[
        ("x | toUpper", "\"aBc\"", "ABC"),
        ("x | toLower", "\"aBc\"", "abc"),
        ("x | title", "\"aa bB CC\"", "Aa Bb Cc"),
        ("x | join(', ')", "[\"a\",\"b\"]", "a, b"),
        ("x | trimSpace", "\" a \"", "a"),
        ("x | reReplaceAll('(a)b', 'x$1')", "\"ababc\"", "xaxac"),
        (
            "x | reReplaceAll('(?P<n>[0-9]+)', '<${n}>')",
            "\"a1 b22\"",
            "a<1> b<22>",
        ),
        ("x | match('[a-z]+')", "\"aa\"", "true"),
        ("x | match('^[a-z]+$')", "\"a1\"", "false"),
        ("x | stripPort", "\"127.0.0.1:12345\"", "127.0.0.1"),
        ("x | stripPort", "\"[::1]:12345\"", "::1"),
        ("x | stripPort", "\"::1\"", "::1"),
        ("x | stripPort", "\"test.com:12345\"", "test.com"),
        ("x | stripPort", "\"10.0.0.1\"", "10.0.0.1"),
        ("x | stripPort", "\"http://test:1234\"", "http://test:1234"),
        (
            "x | stripDomain",
            "\"test.example.com:12345\"",
            "test:12345",
        ),
        ("x | stripDomain", "\"192.168.0.0:80\"", "192.168.0.0:80"),
        ("x | stripDomain", "\"test.example.com\"", "test"),
    ]);
}

#[test]
fn times_are_those_of_a_zone() {
    check(&[
        (
            "x | local_time('Asia/Shanghai')",
            "\"2026-01-31T01:02:03Z\"",
            "2026-01-31 09:02:03",
        ),
        (
            "x | local_time('Asia/Shanghai', '%H:%M')",
            "1769821323",
            "09:02",
        ),
        (
            "x | local_time('Asia/Shanghai', '%H:%M:%S%.3f')",
            "1769821323.5",
            "09:02:03.500",
        ),
        (
            "x | local_time('Europe/Berlin', '%d.%m.%Y %H:%M %Z')",
            "\"2026-07-01T00:30:00+08:00\"",
            "30.06.2026 18:30 CEST",
        ),
        (
            "x | local_time('UTC', '%s')",
            "\"1769821323\"",
            "1769821323",
        ),
        ("x | duration", "90061", "1d 1h"),
        ("x | duration", "59.6", "1m"),
        ("x | duration", "-3661", "-1h 1m"),
        ("x | duration", "0.2", "0s"),
        ("x | duration", "86460", "1d"),
        (
            "x[1] | duration(x[0])",
            "[\"2026-01-31T01:00:00Z\", \"2026-01-31T03:05:00+01:00\"]",
            "1h 5m",
        ),
    ]);
    check_errors(&[
        (
            "x | local_time('Asia/Shangai')",
            "1",
            "did you mean Asia/Shanghai?",
        ),
        (
            "x | local_time('UTC')",
            "\"2026-02-30T00:00:00Z\"",
            "2026-02 has 28 days",
        ),
        ("x | local_time('UTC')", "\"yesterday\"", "is no instant"),
        ("x | local_time('UTC')", "1e300", "is no instant"),
        ("x | local_time('UTC', '%!')", "1", "cannot be written"),
        ("x | duration", "\"a\"", "is no number"),
        ("x | duration", "1e30", "longer than a million years"),
    ]);
}

#[test]
fn texts_are_cut_at_what_people_see_as_characters() {
    check(&[
        ("x | truncate_bytes(9)", "\"中文中文\"", "中文…"),
        ("x | truncate_bytes(12)", "\"中文中文\"", "中文中文"),
        ("x | truncate_bytes(8)", "\"中文中文\"", "中…"),
        ("x | truncate_bytes(3)", "\"中文\"", "…"),
        ("x | truncate_chars(3)", "\"abcd\"", "ab…"),
        ("x | truncate_chars(3)", "\"a bcd\"", "a…"),
        ("x | truncate_chars(3, '..')", "\"abcd\"", "a.."),
        ("x | truncate_chars(8)", "\"ab👨‍👩‍👧‍👦cdef\"", "ab…"),
        ("x | truncate_utf16(4)", "\"a😀😀\"", "a😀…"),
        ("x | truncate_utf16(3)", "\"a😀😀\"", "a…"),
        ("x | bytes", "1536", "1.5 KiB"),
        ("x | bytes", "12", "12 B"),
    ]);
    check_errors(&[(
        "x | truncate_bytes(2)",
        "\"abcd\"",
        "alone is longer than 2",
    )]);
}

#[test]
fn links_are_rewritten_where_a_host_ends() {
    let relink = "x | relink('http://grafana:3000/', 'https://g.example')";
    check(&[
        (
            relink,
            "\"see http://grafana:3000/d/1?a=b.\"",
            "see https://g.example/d/1?a=b.",
        ),
        (relink, "\"http://grafana:3000\"", "https://g.example"),
        (
            relink,
            "\"http://grafana:30001/a xhttp://grafana:3000/\"",
            "http://grafana:30001/a xhttp://grafana:3000/",
        ),
        (
            relink,
            "\"(http://grafana:3000)(http://grafana:3000)\"",
            "(https://g.example)(https://g.example)",
        ),
        (
            "x | url",
            "\" https://a.example/x?q=(a b)[5m]*&c=中 \"",
            "https://a.example/x?q=%28a%20b%29%5B5m%5D%2A&c=%E4%B8%AD",
        ),
        ("x | url", "\"HTTPS://A.example\"", "HTTPS://A.example"),
        (
            "x | url",
            "\"http://[::1]:80/[a]\"",
            "http://[::1]:80/%5Ba%5D",
        ),
        ("x | url", "\"http://[a](b)/\"", "http://%5Ba%5D%28b%29/"),
    ]);
    check_errors(&[
        ("x | url", "\"javascript:alert(1)\"", "is no address"),
        (
            "x | relink('grafana', 'https://g.example')",
            "\"\"",
            "takes two addresses",
        ),
    ]);
}

#[test]
fn what_nothing_has_is_told_when_it_is_compiled() {
    check_errors(&[
        (
            "x | toupper",
            "1",
            "line 1: there is no filter \"toupper\"; did you mean \"toUpper\"?",
        ),
        ("x is definde", "1", "there is no test \"definde\""),
        ("x is not definde", "1", "there is no test \"definde\""),
        (
            "x | reReplaceAll('(', '')",
            "\"\"",
            "is no regular expression",
        ),
        (
            "x | match('\\\\w{1000}{1000}')",
            "\"\"",
            "is no regular expression",
        ),
        ("x | local_time('Mars')", "1", "is no time zone"),
    ]);
    let block = with_x("a\n{% filter uper %}a{% endfilter %}", "1", Escaping::None);
    assert_eq!(
        block.unwrap_err(),
        "line 2: there is no filter \"uper\"; did you mean \"upper\"?"
    );
    check(&[(
        "x is defined and x is not none and x is not string",
        "1",
        "true",
    )]);
}
