//! The plug-ins are the examples.
