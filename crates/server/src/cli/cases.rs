//! Results of fixtures' cases, printed one by one, and counted.

use std::process::ExitCode;

use acteon_rules::CaseResult;

/// Numbers of cases.
#[derive(Default)]
pub(super) struct Cases {
    passed: usize,
    failed: usize,
}

impl Cases {
    /// Prints what became of the cases of a file.
    pub(super) fn say(&mut self, results: Vec<CaseResult>) -> anyhow::Result<()> {
        for case in results {
            if case.differences.is_empty() {
                self.passed += 1;
                say!("ok    {}", case.name);
            } else {
                self.failed += 1;
                say!(
                    "FAIL  {}\n        {}",
                    case.name,
                    case.differences.join("\n        ")
                );
            }
        }
        Ok(())
    }

    /// Prints the numbers; the exit code says whether all passed.
    pub(super) fn finish(self) -> anyhow::Result<ExitCode> {
        say!("{} passed, {} failed", self.passed, self.failed);
        Ok(if self.failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}
