/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/base/log.c - see log.h
 *
 * The only file of hamd that keeps state of its own: libqb's targets.
 */
#include "hamd/base/log.h"

#include <syslog.h>

void
ham_log_open(const char *name, int level, bool to_syslog, unsigned int blackbox)
{
	qb_log_init(name, LOG_DAEMON, LOG_NOTICE);
	qb_log_ctl(QB_LOG_SYSLOG, QB_LOG_CONF_ENABLED,
		   to_syslog ? QB_TRUE : QB_FALSE);
	if (level >= 0) {
		qb_log_filter_ctl(QB_LOG_STDERR, QB_LOG_FILTER_ADD,
				  QB_LOG_FILTER_FILE, "*", level);
		qb_log_format_set(QB_LOG_STDERR, "%T %6p %b");
		qb_log_ctl(QB_LOG_STDERR, QB_LOG_CONF_ENABLED, QB_TRUE);
	}
	if (blackbox > 0) {
		qb_log_filter_ctl(QB_LOG_BLACKBOX, QB_LOG_FILTER_ADD,
				  QB_LOG_FILTER_FILE, "*", LOG_TRACE);
		qb_log_ctl(QB_LOG_BLACKBOX, QB_LOG_CONF_SIZE,
			   (int32_t)blackbox);
		qb_log_ctl(QB_LOG_BLACKBOX, QB_LOG_CONF_THREADED, QB_FALSE);
		qb_log_ctl(QB_LOG_BLACKBOX, QB_LOG_CONF_ENABLED, QB_TRUE);
	}
}

int
ham_log_dump(const char *path)
{
	return (int)qb_log_blackbox_write_to_file(path);
}

void
ham_log_close(void)
{
	qb_log_fini();
}
