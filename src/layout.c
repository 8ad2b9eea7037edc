/*
 * layout.c: the table of offsets that JavaScript needs, and its hash. scripts/layout.js runs the
 * compiled table to write js-glue/layout.gen.js; a test compares; every worker checks the hash at
 * attach.
 */
#include "root.h"

#define FIELD(type, field) \
  { #type "." #field, (uint32_t)offsetof(type, field) }
#define VALUE(name) \
  { #name, (uint32_t)(name) }
#define SIZE(type) \
  { #type ".bytes", (uint32_t)sizeof(type) }

static const pn_layout_item table[] = {
    VALUE(PN_MAGIC),
    VALUE(PN_VERSION),
    VALUE(PN_MAX_WORKERS),
    SIZE(pn_control),
    SIZE(pn_worker),
    SIZE(pn_root),
    FIELD(pn_control, magic),
    FIELD(pn_control, version),
    FIELD(pn_control, layout_hash),
    FIELD(pn_control, workers),
    FIELD(pn_control, max_workers),
    FIELD(pn_control, shutdown),
    FIELD(pn_control, idle),
    FIELD(pn_control, signal),
    FIELD(pn_control, inbox),
    FIELD(pn_control, completions),
    FIELD(pn_control, ring),
    FIELD(pn_control, worker_base),
    FIELD(pn_control, trace_events),
    FIELD(pn_worker, state),
    FIELD(pn_worker, id),
    FIELD(pn_worker, want),
    FIELD(pn_worker, sync_head),
    FIELD(pn_worker, depth),
    FIELD(pn_worker, root),
    FIELD(pn_worker, ended),
    FIELD(pn_worker, stack),
    FIELD(pn_worker, heap),
    FIELD(pn_heap_context, live_bytes),
    FIELD(pn_worker, steals),
    FIELD(pn_worker, joins_helped),
    FIELD(pn_worker, publishes),
    FIELD(pn_worker, parks),
    FIELD(pn_worker, roots),
    FIELD(pn_worker, published_tasks),
    FIELD(pn_worker, trace),
    FIELD(pn_worker, traced),
    SIZE(pn_event),
    FIELD(pn_event, kind),
    FIELD(pn_event, value),
    FIELD(pn_event, name),
    FIELD(pn_root, link),
    FIELD(pn_root, state),
    FIELD(pn_root, kind),
    FIELD(pn_root, error),
    FIELD(pn_root, cancel),
    FIELD(pn_root, ticket),
    FIELD(pn_root, message),
    FIELD(pn_root, message_bytes),
    FIELD(pn_root, failed_name),
    FIELD(pn_root, data),
    FIELD(pn_root, data_bytes),
    FIELD(pn_root, arrays),
    FIELD(pn_root, top),
    FIELD(pn_root, target),
    FIELD(pn_root, task),
    FIELD(pn_root, spill),
    FIELD(pn_task, payload),
    FIELD(pn_task_type, name),
    FIELD(pn_task_type, arity),
    FIELD(pn_task_type, result),
    FIELD(pn_task_type, parameters),
    VALUE(PN_QUEUED),
    VALUE(PN_STARTED),
    VALUE(PN_ENDED),
    VALUE(PN_KIND_HOST),
    VALUE(PN_KIND_JS),
    VALUE(PN_SLEEPING),
    VALUE(PN_AWAKE),
    VALUE(PN_BLOCKED),
    VALUE(PN_JOINING),
    VALUE(PN_LEFT),
    VALUE(PN_CODE_VOID),
    VALUE(PN_CODE_SIGNED),
    VALUE(PN_CODE_UNSIGNED),
    VALUE(PN_CODE_FLOAT),
    VALUE(PN_CODE_POINTER),
    VALUE(PN_CODE_BOOL),
};

uint32_t pn_layout_count(void) {
  return (uint32_t)(sizeof table / sizeof table[0]);
}
const pn_layout_item *pn_layout_table(void) {
  return table;
}

uint32_t pn_layout_hash(void) {
  uint32_t hash = 2166136261u; /* FNV-1a over the values: Fowler, Noll and Vo */
  for (uint32_t i = 0; i < pn_layout_count(); i++) hash = (hash ^ table[i].value) * 16777619u;
  return hash;
}
