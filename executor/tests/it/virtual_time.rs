//! virtual_time
