/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/base/log.h - logging by libqb: six levels, one tag a folder
 *
 * Leaves and the core return errors and log nothing above debug; whoever
 * carries out an effect logs once, cause -> effect.  Never secrets.
 * Targets: syslog (NOTICE and up), standard error (level chosen), and a
 * blackbox in shared memory that keeps everything (qb-blackbox(8) reads it).
 *
 * Define HAM_LOG_TAG before including, e.g. "guest".
 */
#ifndef HAM_LOG_H
#define HAM_LOG_H

#include <qb/qblog.h>
#include <stdbool.h>

#ifndef HAM_LOG_TAG
#define HAM_LOG_TAG "hamd"
#endif

#define ham_log(level, fmt, ...)                                               \
	qb_log(level, "%s: " fmt, HAM_LOG_TAG, ##__VA_ARGS__)
#define ham_err(fmt, ...) ham_log(LOG_ERR, fmt, ##__VA_ARGS__)
#define ham_warn(fmt, ...) ham_log(LOG_WARNING, fmt, ##__VA_ARGS__)
#define ham_notice(fmt, ...) ham_log(LOG_NOTICE, fmt, ##__VA_ARGS__)
#define ham_info(fmt, ...) ham_log(LOG_INFO, fmt, ##__VA_ARGS__)
#define ham_debug(fmt, ...) ham_log(LOG_DEBUG, fmt, ##__VA_ARGS__)
#define ham_trace(fmt, ...) ham_log(LOG_TRACE, fmt, ##__VA_ARGS__)

/* Opens the targets.  `level` is a syslog priority for standard error, or -1
 * for none; `to_syslog` opens syslog; `blackbox` is the size in bytes, 0 for
 * none. */
void ham_log_open(const char *name, int level, bool to_syslog,
		  unsigned int blackbox);

/* Writes the blackbox to `path`.  Returns bytes, or -errno. */
int ham_log_dump(const char *path);

void ham_log_close(void);

#endif
