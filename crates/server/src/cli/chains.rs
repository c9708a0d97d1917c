//! `acteon-server chains test`: runs fixture files of chains in simulated time.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use acteon_config::files::read_text;
use acteon_fixtures::limits::MAX_FIXTURES_BYTES;
use acteon_fixtures::{Fixtures, Setting};
use acteon_gateway::KnownPeople;
use acteon_people::{Directory, Roster};
use acteon_rules::{Context, RuleFile, RuleSet};
use acteon_server::config::{Config, load_people};
use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::arguments::ConfigFile;
use super::cases::Cases;

#[derive(Subcommand)]
pub(super) enum Chains {
    /// Run fixture files of chains in simulated time; exits with 1 when anything differs
    #[command(after_help = EXAMPLE)]
    Test(Test),
}

#[derive(Args)]
pub(super) struct Test {
    /// Fixture files: `tests: [{name, at, caller, action, answers, events, expect}]`, `rules`, `people`, `silences`, `time_intervals`
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Folder of the rules and chains, in place of the one that the file or the configuration names
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
}

const EXAMPLE: &str = "\
Example:
  # deploy-tests.yaml; other keys are in docs/book/chains-tests.md
  rules: rules                # folder of the rules and chains, as seen from this file
  people: people.toml
  tests:
    - name: lena approves, and the deployment goes
      caller: ci
      action: {action_type: deployment, payload: {build: v7}}
      answers: [{step: deploy, takes: 2m, body: {revision: f0e08a1}}]
      events: [{at: 5m, approve: confirm, by: lena}]
      expect: {status: completed, path: [confirm, deploy], ends_at: 7m}

  acteon-server chains test deploy-tests.yaml";

impl Chains {
    pub(super) fn run(&self, file: &ConfigFile) -> anyhow::Result<ExitCode> {
        match self {
            Self::Test(test) => test.run(file),
        }
    }
}

impl Test {
    fn run(&self, file: &ConfigFile) -> anyhow::Result<ExitCode> {
        // Files that say where everything is need no configuration.
        let config = match (&self.rules, file.is_named()) {
            (Some(_), false) => None,
            _ => Some(file.load()?),
        };
        let calendars = config
            .as_ref()
            .map(|config| config.rules.context.calendars.clone())
            .unwrap_or_default();
        let mut cases = Cases::default();
        for path in &self.files {
            let text = read_text(path, MAX_FIXTURES_BYTES as u64)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let text = RuleFile {
                name: path.display().to_string(),
                text,
            };
            let fixtures = Fixtures::read(&text, &calendars)?;
            let setting = Setting {
                rules: self.rules(path, &fixtures, config.as_ref())?,
                calendars: calendars.clone(),
                directory: Arc::new(people(path, &fixtures, config.as_ref())?),
            };
            cases.say(setting.run(&fixtures))?;
        }
        cases.finish()
    }

    /// Rules of the folder that is named here, or in the file, or in the configuration.
    fn rules(
        &self,
        path: &Path,
        fixtures: &Fixtures,
        config: Option<&Config>,
    ) -> anyhow::Result<RuleSet> {
        let of_file = || fixtures.rules.as_ref().map(|rules| beside(path, rules));
        let of_config = || config.and_then(|config| config.rules.directory.clone());
        let directory = self.rules.clone().or_else(of_file).or_else(of_config);
        let directory = directory.with_context(|| {
            format!(
                "nothing says where the rules of {} are; write rules: DIR into it, name the folder with --rules, or a configuration with [rules] directory",
                path.display()
            )
        })?;
        let context = config.map_or_else(Context::default, |config| config.rules.context.clone());
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
        Ok(loaded.rules)
    }
}

/// People of the file that the fixtures name, or of the configuration.
fn people(
    path: &Path,
    fixtures: &Fixtures,
    config: Option<&Config>,
) -> anyhow::Result<KnownPeople> {
    let mut directory = Directory::default();
    match (&fixtures.people, config) {
        (Some(people), _) => directory.set_roster(&load_people(&beside(path, people))?),
        (None, Some(config)) => directory.set_roster(people_of(config)?.as_ref()),
        (None, None) => {}
    }
    Ok(KnownPeople(directory))
}

/// People of a configuration, or of the file that it names.
fn people_of(config: &Config) -> anyhow::Result<Arc<Roster>> {
    match &config.people {
        Some(file) => Ok(Arc::new(load_people(&file.path)?)),
        None => Ok(Arc::clone(&config.gateway.people)),
    }
}

/// Path as seen from a file.
fn beside(file: &Path, path: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(path)
}
