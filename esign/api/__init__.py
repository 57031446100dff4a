"""HTTP: the API, its documentation, health and metrics."""
