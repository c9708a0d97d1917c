//! `acteon-server rules test`: runs fixture files against rules.

use std::path::PathBuf;
use std::process::ExitCode;

use acteon_config::files::read_text;
use acteon_core::limits::MAX_RULES_FILE_BYTES;
use acteon_rules::{Context, RuleFile, run_fixtures};
use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::arguments::ConfigFile;
use super::cases::Cases;

#[derive(Subcommand)]
pub(super) enum Rules {
    /// Run fixture files against the rules; exits with 1 when a verdict differs
    Test(Test),
}

#[derive(Args)]
pub(super) struct Test {
    /// Fixture files: `tests: [{name, at, action, expect: {verdict, rule, provider, payload}}]`, `silences`, `time_intervals`
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Folder of the rules, in place of the configured one
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
}

impl Rules {
    pub(super) fn run(&self, file: &ConfigFile) -> anyhow::Result<ExitCode> {
        match self {
            Self::Test(test) => test.run(file),
        }
    }
}

impl Test {
    fn run(&self, file: &ConfigFile) -> anyhow::Result<ExitCode> {
        let (directory, context) = if let Some(directory) = &self.rules {
            let context = if file.is_named() {
                file.load()?.rules.context
            } else {
                Context::default()
            };
            (directory.clone(), context)
        } else {
            let config = file.load()?;
            let directory = config.rules.directory;
            (
                directory
                    .context("the configuration has no [rules] directory; name one with --rules")?,
                config.rules.context,
            )
        };
        let calendars = context.calendars.clone();
        let loaded = acteon_server::rules::load(
            Some(&directory),
            &Context {
                providers: None,
                ..context
            },
            None,
        )?;
        for text in &loaded.left_out {
            say!("warning: {text}");
        }
        let mut cases = Cases::default();
        for path in &self.files {
            let text = read_text(path, MAX_RULES_FILE_BYTES as u64)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let fixtures = RuleFile {
                name: path.display().to_string(),
                text,
            };
            cases.say(run_fixtures(&loaded.rules, &calendars, &fixtures)?)?;
        }
        cases.finish()
    }
}
