//! GitLab over HTTP, against the simulator and the official description.
