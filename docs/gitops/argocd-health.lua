-- Health of all Trainsweep kinds for Argo CD: the remote kinds and both provider configs.
-- Conditions are looked up by type, so that their order in the list does not matter. Only ipairs is needed.
local conditions = {}
local status = obj.status or {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local ready = conditions.Ready or {}
local synced = conditions.Synced or {}

local function health(word, message)
  return { status = word, message = message or "" }
end

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", "Deleting: " .. (ready.message or "waiting for the operator."))
end
if status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "Waiting until the operator has seen the latest change.")
end
if conditions.Stalled ~= nil and conditions.Stalled.status == "True" then
  return health("Degraded", conditions.Stalled.message)
end
if synced.reason == "ReconcilePaused" then
  return health("Suspended", synced.message)
end
-- An account that holds deletions stays Ready, and so Healthy: were it Suspended, a sync would wait for it in an early
-- wave and never apply the later change that withdraws the deletions.
if ready.status == "False" and (ready.reason == "DeletionHeld" or ready.reason == "PlanMode") then
  return health("Suspended", ready.message)
end
if conditions.Reconciling ~= nil and conditions.Reconciling.status == "True" then
  return health("Progressing", conditions.Reconciling.message)
end
if ready.status == "True" then
  return health("Healthy", ready.message)
end
return health("Progressing", ready.message)
