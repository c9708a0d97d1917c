//! The server, through its outer boundaries: HTTP, the command line, and the wire of the services it calls.

mod api;
mod api_doc;
#[cfg(feature = "api-docs")]
mod api_page;
mod approvals;
mod audit;
mod auth;
mod batch;
mod bodies;
#[cfg(all(feature = "postgres", feature = "wechat", target_os = "linux"))]
mod book;
mod calendars;
mod chains;
mod command;
mod configuration;
mod connections;
mod decisions;
mod disk;
mod door;
mod dry_run;
mod fairness;
mod hostile;
mod ids;
mod malformed;
mod messages;
#[cfg(feature = "wechat")]
mod metrics;
mod numbers;
mod operators;
mod order;
mod owed;
mod payload;
mod people;
mod policies;
mod quotas;
mod reconfigure;
mod recurring;
mod redaction;
#[cfg(target_os = "linux")]
mod reload;
mod repair;
mod replay;
mod rules;
mod scheduled;
mod search;
#[cfg(all(feature = "postgres", feature = "wechat"))]
mod shared;
mod shares;
mod silences;
mod slips;
mod storage;
mod stream;
mod support;
mod templates;
mod times;
mod told_apart;
mod waiting;
mod webhook;
#[cfg(feature = "wechat")]
mod wechat;
mod wire;
mod words;
