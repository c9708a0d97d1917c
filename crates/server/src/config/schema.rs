//! Every key of the file but the providers', which each list their own.

use acteon_config::{Key, Kind, Takes};

/// A section of the file.
pub struct Section {
    /// Its name, as in `[server]`.
    pub name: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
}

/// The sections beside `[[providers]]`.
pub const SECTIONS: &[Section] = &[
    Section {
        name: "server",
        keys: &[
            Key::optional(
                "host",
                Kind::Text,
                "Address to listen on. Default 127.0.0.1: only this machine.",
            ),
            Key::optional(
                "port",
                Kind::Integer,
                "Port to listen on; 0 for any free one. Default 8080.",
            ),
            Key::optional(
                "hosts",
                Kind::Texts,
                "Names that it goes by beside localhost and its addresses, such as acteon.example.com; requests to others are refused.",
            ),
            Key::optional(
                "origins",
                Kind::Texts,
                "Web pages of other sites that may call it, such as https://ops.example.com. Default: none.",
            ),
            Key::optional(
                "shutdown_timeout_seconds",
                Kind::Integer,
                "How long a stop may take. Default 30.",
            ),
            Key::optional(
                "core_dumps",
                Kind::Flag,
                "Allow core dumps and debuggers, which see the secrets. Default false.",
            ),
            Key::optional(
                "max_open_actions",
                Kind::Integer,
                "Most actions that wait to be delivered; beyond it callers get 503. Default 100000.",
            ),
            Key::optional(
                "max_open_per_provider",
                Kind::Integer,
                "Most of them that wait for one provider. Default half of max_open_actions.",
            ),
            Key::optional(
                "max_open_per_tenant",
                Kind::Integer,
                "Most of them that are of one tenant and those below it. Default half of max_open_actions.",
            ),
        ],
    },
    Section {
        name: "store",
        keys: &[
            Key::optional(
                "data_dir",
                Kind::Text,
                "Folder of the embedded database. Default $XDG_DATA_HOME/acteon or ~/.local/share/acteon.",
            ),
            Key::optional(
                "url",
                Kind::Secret,
                "A PostgreSQL in its place, shared by many gateways: postgres://user@host:5432/database.",
            ),
            Key::optional(
                "password",
                Kind::Secret,
                "Its password, where the URL has none: \"${PGPASSWORD}\" or \"${file:/run/secrets/acteon}\".",
            ),
            Key::optional(
                "ca_file",
                Kind::Text,
                "Certificates in PEM to trust in place of the system's, as seen from this file.",
            ),
            Key::optional(
                "schema",
                Kind::Text,
                "Schema that holds the tables; made if it is not there. Default acteon.",
            ),
            Key::optional(
                "pool_size",
                Kind::Integer,
                "Connections beside the eleven that write, claim, listen and keep the lease. Default 8.",
            ),
            Key::optional(
                "notify",
                Kind::Flag,
                "Have gateways wake each other with NOTIFY; without it they look around every few seconds. Default true.",
            ),
            Key::optional(
                "lease_seconds",
                Kind::Integer,
                "After so long without a sign of life a gateway's work goes to the others; the same for all. Default 15.",
            ),
        ],
    },
    Section {
        name: "retry",
        keys: &[
            Key::optional(
                "max_retries",
                Kind::Integer,
                "Quick retries within a dispatch, 0 to 10. Default 3.",
            ),
            Key::optional(
                "durable",
                Kind::Flag,
                "Go on in the store when the quick retries are used up. Default true.",
            ),
            Key::optional(
                "delays_seconds",
                Kind::Integers,
                "Pauses before durable retries; the last repeats. Default [10, 30, 120, 600].",
            ),
            Key::optional(
                "max_age_seconds",
                Kind::Integer,
                "An older action is not sent any more. Default 21600, six hours.",
            ),
            Key::optional(
                "on_repairable",
                Kind::Text,
                "What becomes of actions whose provider people must repair first: \"fail\", a dead letter, or \"hold\", owed until max_age_seconds. Default fail.",
            ),
        ],
    },
    Section {
        name: "circuit_breaker",
        keys: &[
            Key::optional(
                "enabled",
                Kind::Flag,
                "Leave a provider alone for a while that fails again and again. Default false.",
            ),
            Key::optional(
                "failure_threshold",
                Kind::Integer,
                "Failures in a row that open a breaker. Default 5.",
            ),
            Key::optional(
                "success_threshold",
                Kind::Integer,
                "Successes in a row that close it again. Default 2.",
            ),
            Key::optional(
                "recovery_timeout_seconds",
                Kind::Integer,
                "How long it stays open before a trial. Default 60.",
            ),
            Key::optional(
                "fallbacks",
                Kind::TextTable,
                "By provider, the one that takes its new actions while its breaker is open.",
            ),
        ],
    },
    Section {
        name: "rules",
        keys: &[
            Key::optional(
                "directory",
                Kind::Text,
                "Folder of *.yaml files of rules, as seen from this file. Default: no rules.",
            ),
            Key::optional(
                "default_timezone",
                Kind::Text,
                "Zone of time.* where a rule names none. Default UTC.",
            ),
            Key::optional(
                "watch",
                Kind::Flag,
                "Load the rules anew when a file changes. Default true.",
            ),
            Key::optional("env", Kind::TextTable, "What rules read as env.NAME."),
        ],
    },
    Section {
        name: "audit",
        keys: &[
            Key::optional(
                "ttl_seconds",
                Kind::Integer,
                "How long the journal is kept. Default 2592000, thirty days.",
            ),
            Key::optional(
                "tenant_ttl_seconds",
                Kind::IntegerTable,
                "Other times for some tenants.",
            ),
            Key::optional(
                "redact",
                Kind::Texts,
                "Paths such as payload.password or metadata.token that are shown to nobody.",
            ),
        ],
    },
    Section {
        name: "auth",
        keys: &[
            Key::optional(
                "enabled",
                Kind::Flag,
                "Ask every caller for an API key. Default false; needed to listen beyond this machine.",
            ),
            Key::optional(
                "config_path",
                Kind::Text,
                "File of the keys, as seen from this file. Default auth.toml.",
            ),
        ],
    },
    Section {
        name: "log",
        keys: &[Key::optional(
            "level",
            Kind::Text,
            "What is logged, as in RUST_LOG, which wins where it is set: info,acteon_gateway=debug. Default info.",
        )],
    },
];

/// Section and key of what is taken over when the file is read anew, beside what the keys of providers say. All else waits for the next start.
pub(super) const READ_ANEW: &[(&str, &str)] = &[("log", "level")];

/// Section and key of the values that may be blank: what rules mean by them is up to their author, and nobody is a default recipient as well.
pub(super) const MAY_BE_BLANK: &[(&str, &str)] = &[
    ("rules", "env"),
    ("providers", "wechat.default_touser"),
    ("providers", "wechat.default_toparty"),
    ("providers", "wechat.default_totag"),
];

/// The keys of an `[[api_keys]]` block.
pub(super) const API_KEY: &[Key] = &[
    Key::required(
        "name",
        Kind::Text,
        "Who the caller is: shown in the audit trail, and counted by quotas.",
    ),
    Key::required(
        "key_hash",
        Kind::Secret,
        "SHA-256 of the key in hexadecimal: see `acteon-server api-key`.",
    ),
    Key::required("role", Kind::Text, "admin, operator or viewer."),
];

/// The keys of an `[[api_keys.grants]]` block.
pub(super) const GRANT: &[Key] = &[
    Key::required(
        "tenants",
        Kind::Texts,
        "Tenants, each with those below it; \"*\" for all.",
    ),
    Key::required("namespaces", Kind::Texts, "Namespaces; \"*\" for all."),
    Key::optional("providers", Kind::Texts, "Providers. Default: all."),
    Key::optional("actions", Kind::Texts, "Action types. Default: all."),
];

/// The keys of every `[[providers]]` block.
pub(super) const PROVIDER: &[Key] = &[
    Key::required("name", Kind::Text, "The name that actions use."),
    Key::required(
        "type",
        Kind::Text,
        "What kind of provider it is, such as \"log\" or \"webhook\".",
    ),
    Key::optional(
        "on_repairable",
        Kind::Text,
        "\"fail\" or \"hold\", where it is not as in [retry].",
    )
    .taking(Takes::AtStart),
];
