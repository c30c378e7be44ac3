"""Names that manifests, tools and people use: the group, the finalizers and the annotations."""

from __future__ import annotations

from typing import Final

GROUP: Final = "trainsweep.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
CATEGORY: Final = "trainsweep"

#: On the five remote kinds: the remote thing still has to be cleaned up.
FINALIZER: Final = f"{GROUP}/cleanup"
#: On a provider config and its Secret: a resource may still need them.
IN_USE_FINALIZER: Final = f"{GROUP}/in-use"

#: "true" on a resource: nothing is written remotely, not even for a deletion.
PAUSED: Final = f"{GROUP}/paused"
#: Any new value: reconcile now; answered in `status.lastHandledReconcileAt`.
RECONCILE_REQUESTED_AT: Final = f"{GROUP}/reconcile-requested-at"
#: The `status.externalID` that may be left behind, on a resource that is being deleted.
FORCE_ORPHAN: Final = f"{GROUP}/force-orphan"
#: RFC 3339, on a provider config: until then the deletion guard lets everything through.
APPROVE_DELETIONS_UNTIL: Final = f"{GROUP}/approve-deletions-until"
#: On a namespace: the deletion policy of resources that set none.
DELETION_POLICY: Final = f"{GROUP}/deletion-policy"
