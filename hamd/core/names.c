/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/names.c - words for acts and answers, for logs and stories */
#include "hamd/core/core.h"

static const char *const do_names[HAM_DO_N] = {
	[HAM_DO_NONE] = "NONE",		  [HAM_DO_LAUNCH] = "LAUNCH",
	[HAM_DO_SHUTDOWN] = "SHUTDOWN",	  [HAM_DO_KILL] = "KILL",
	[HAM_DO_PREPARE] = "PREPARE",	  [HAM_DO_COPY] = "COPY",
	[HAM_DO_UNDO] = "UNDO",		  [HAM_DO_CAPTURE] = "CAPTURE",
	[HAM_DO_HALT] = "HALT",		  [HAM_DO_SILENCE] = "SILENCE",
	[HAM_DO_RESUME] = "RESUME",	  [HAM_DO_FINISH] = "FINISH",
	[HAM_DO_WIRE] = "WIRE",		  [HAM_DO_RELEASE] = "RELEASE",
	[HAM_DO_TAKEOVER] = "TAKEOVER",	  [HAM_DO_RUN] = "RUN",
	[HAM_DO_DISCARD] = "DISCARD",	  [HAM_DO_CLOSE] = "CLOSE",
	[HAM_DO_SLOT_DROP] = "SLOT_DROP", [HAM_DO_RETRY] = "RETRY",
	[HAM_DO_LOOK] = "LOOK",		  [HAM_DO_SERVE] = "SERVE",
	[HAM_DO_NARROW] = "NARROW",	  [HAM_DO_SLOT_FILL] = "SLOT_FILL",
	[HAM_DO_SLOT_SET] = "SLOT_SET",	  [HAM_DO_VERIFY] = "VERIFY",
};

static const char *const did_names[HAM_DID_N] = {
	[HAM_DID_NONE] = "NONE",
	[HAM_DID_FOUND] = "FOUND",
	[HAM_DID_LAUNCHED] = "LAUNCHED",
	[HAM_DID_LAUNCH_FAILED] = "LAUNCH_FAILED",
	[HAM_DID_GONE] = "GONE",
	[HAM_DID_PREPARED] = "PREPARED",
	[HAM_DID_PREPARE_FAILED] = "PREPARE_FAILED",
	[HAM_DID_OFFERED] = "OFFERED",
	[HAM_DID_GATE] = "GATE",
	[HAM_DID_COPY_FAILED] = "COPY_FAILED",
	[HAM_DID_UNDONE] = "UNDONE",
	[HAM_DID_DRAINED] = "DRAINED",
	[HAM_DID_CAPTURED] = "CAPTURED",
	[HAM_DID_CAPTURE_FAILED] = "CAPTURE_FAILED",
	[HAM_DID_HALTED] = "HALTED",
	[HAM_DID_SILENCED] = "SILENCED",
	[HAM_DID_RESUMED] = "RESUMED",
	[HAM_DID_RESUME_FAILED] = "RESUME_FAILED",
	[HAM_DID_FINISHED] = "FINISHED",
	[HAM_DID_WIRED] = "WIRED",
	[HAM_DID_HELD] = "HELD",
	[HAM_DID_TAKEOVER_FAILED] = "TAKEOVER_FAILED",
	[HAM_DID_RAN] = "RAN",
	[HAM_DID_RUN_FAILED] = "RUN_FAILED",
	[HAM_DID_DISCARDED] = "DISCARDED",
	[HAM_DID_CLOSED] = "CLOSED",
	[HAM_DID_SLOT_DROPPED] = "SLOT_DROPPED",
	[HAM_DID_REPLICA_ERROR] = "REPLICA_ERROR",
	[HAM_DID_PROGRESS] = "PROGRESS",
	[HAM_DID_LOOKED] = "LOOKED",
	[HAM_DID_SERVED] = "SERVED",
	[HAM_DID_SERVE_FAILED] = "SERVE_FAILED",
	[HAM_DID_NARROWED] = "NARROWED",
	[HAM_DID_SLOT_FILLED] = "SLOT_FILLED",
	[HAM_DID_SLOT_FILL_FAILED] = "SLOT_FILL_FAILED",
	[HAM_DID_SLOT_SET] = "SLOT_SET",
	[HAM_DID_VERIFIED] = "VERIFIED",
};

static const char *const found_names[] = {
	[HAM_FOUND_RUNNING] = "RUNNING",   [HAM_FOUND_PAUSED] = "PAUSED",
	[HAM_FOUND_INCOMING] = "INCOMING", [HAM_FOUND_HELD] = "HELD",
	[HAM_FOUND_REPLICA] = "REPLICA",
};

const char *
ham_do_name(unsigned int act)
{
	return act < HAM_DO_N ? do_names[act] : "?";
}

const char *
ham_did_name(unsigned int did)
{
	return did < HAM_DID_N ? did_names[did] : "?";
}

const char *
ham_found_name(unsigned int found)
{
	return found < G_N_ELEMENTS(found_names) ? found_names[found] : "?";
}
