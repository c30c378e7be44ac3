"""Commands that steer the operator by annotations: approve, pause, resume, refresh, orphan; and wait."""
