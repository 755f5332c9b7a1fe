//! tokio's two runtimes, by name; a file of every peer that has one.

use tokio::runtime::{Builder, Runtime};

/// `current_thread` or `multi_thread`, with all settings as they are by default.
pub(crate) fn build(name: &str) -> Result<Runtime, Box<dyn std::error::Error + Send + Sync>> {
    let mut builder = match name {
        "current_thread" => Builder::new_current_thread(),
        "multi_thread" => Builder::new_multi_thread(),
        name => return Err(format!("there is no runtime {name:?}; there are current_thread and multi_thread").into()),
    };
    Ok(builder.enable_all().build()?)
}
