//! How fast a finished component is on recorded calls.

use std::path::Path;
use std::time::{Duration, Instant};

use linecard_sandbox::SandboxConfig;

use crate::{SandboxedPlugin, TestkitError, fixture};

/// What one case takes.
#[derive(Debug)]
pub struct Measured {
    /// The folder's name.
    pub case: String,
    /// The call, by its name in the plug-in contract.
    pub call: &'static str,
    /// How often it was made.
    pub count: u64,
    /// How many calls in a second, one after the other: what the sandbox itself takes is in it, what the
    /// network takes is not.
    pub per_second: f64,
    /// The times that 50, 95 and 99 of a hundred calls took at most.
    pub percentiles: [Duration; 3],
    /// How many calls failed.
    pub failed: u64,
}

/// Makes the call of each case again and again, for so long.
pub fn measure(
    component: &Path,
    golden: &Path,
    sandbox: &SandboxConfig,
    time: Duration,
    mut done: impl FnMut(&Measured),
) -> Result<Vec<Measured>, TestkitError> {
    let mut all = Vec::new();
    for case in fixture::read_all(golden)? {
        // Loaded anew, because a plug-in counts its calls from then on.
        let plugin = SandboxedPlugin::load_with(component, sandbox.clone())?;
        // Where the host refuses the configuration, nothing is called.
        let Ok(config) = plugin.check_config(&case.config) else {
            continue;
        };
        let began = Instant::now();
        while began.elapsed() < time {
            plugin.run(&case, &config)?;
        }
        // Of an analyzer: the call, and not that it was made ready.
        let metrics = plugin.metrics();
        let Some((call, counted)) = metrics
            .calls
            .into_iter()
            .max_by_key(|(call, c)| (c.count, *call))
        else {
            continue;
        };
        let seconds = counted.time.as_secs_f64().max(f64::MIN_POSITIVE);
        let measured = Measured {
            case: case.name,
            call: call.as_str(),
            count: counted.count,
            #[allow(clippy::cast_precision_loss)]
            per_second: counted.count as f64 / seconds,
            percentiles: counted.percentiles,
            failed: counted.failures.values().sum(),
        };
        done(&measured);
        all.push(measured);
    }
    Ok(all)
}
