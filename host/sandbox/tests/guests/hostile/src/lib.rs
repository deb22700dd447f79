//! Plug-ins that misbehave on demand: the configuration's first word says how. See `examples`.
