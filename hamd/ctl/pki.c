/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/pki.c - hamctl pki: the CA, and certificates of nodes
 *
 * hamd is not asked: certificates are needed before there is a cluster, and the
 * CA may be on a machine that is none of its nodes.  Nothing is sent anywhere;
 * what was made is for the operator to bring to its node.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "hamd/ctl/ctl.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/report.h"
#include "hamd/ctl/table.h"
#include "hamd/pki/pki.h"

#define DEFAULT_CA "/etc/hamd/ca"
#define DEFAULT_NODE "/etc/hamd/pki"

static const char *
ca_of(const struct ham_ctl_options *options)
{
	return options->given & HAM_CTL_CA ? options->ca : DEFAULT_CA;
}

static unsigned int
days_of(const struct ham_ctl_options *options, unsigned int otherwise)
{
	return options->given & HAM_CTL_DAYS ? (unsigned int)options->days
					     : otherwise;
}

static int
failed(const GError *error)
{
	ham_ctl_complain("%s", error->message);
	return HAM_CTL_FAILED;
}

/* "2027-11-30", UTC. */
static char *
date(int64_t seconds)
{
	g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(seconds);

	return when ? g_date_time_format(when, "%F") : g_strdup("?");
}

static JsonArray *
array_of(char **texts)
{
	JsonArray *array = json_array_new();

	for (; *texts; texts++)
		json_array_add_string_element(array, *texts);
	return array;
}

static JsonObject *
object_of(const struct ham_cert *cert)
{
	JsonObject *object = json_object_new();

	json_object_set_string_member(object, "subject", cert->subject);
	json_object_set_string_member(object, "serial", cert->serial);
	json_object_set_array_member(object, "names", array_of(cert->names));
	json_object_set_array_member(object, "addresses",
				     array_of(cert->addresses));
	json_object_set_int_member(object, "not_before", cert->not_before);
	json_object_set_int_member(object, "not_after", cert->not_after);
	json_object_set_int_member(object, "days",
				   ham_cert_days(cert, (int64_t)time(NULL)));
	json_object_set_boolean_member(object, "revoked", cert->revoked);
	return object;
}

/* ---- init, issue, renew ---- */

int
ham_ctl_pki_init(const struct ham_ctl_options *options, char **args)
{
	const char *ca = ca_of(options);
	g_autofree char *path = g_build_filename(ca, "ca.pem", NULL);
	g_autoptr(ham_cert) cert = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *until = NULL;

	if (!ham_pki_init(ca, args[0], days_of(options, HAM_PKI_CA_DAYS),
			  &error))
		return failed(error);
	cert = ham_cert_read(path, &error);
	if (!cert)
		return failed(error);
	if (options->given & HAM_CTL_JSON) {
		g_autoptr(JsonObject) object = object_of(cert);

		ham_ctl_json_print(object);
		return HAM_CTL_OK;
	}
	until = date(cert->not_after);
	printf("%s: the CA of %s, until %s; keep ca.key to yourself, and a copy"
	       " of it\n",
	       ca, args[0], until);
	return HAM_CTL_OK;
}

static int
print_issued(const struct ham_ctl_options *options, const char *node)
{
	g_autofree char *path =
		g_build_filename(options->out, "node.pem", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(ham_cert) cert = ham_cert_read(path, &error);
	g_autofree char *until = NULL;

	if (!cert)
		return failed(error);
	if (options->given & HAM_CTL_JSON) {
		g_autoptr(JsonObject) object = object_of(cert);

		json_object_set_string_member(object, "out", options->out);
		ham_ctl_json_print(object);
		return HAM_CTL_OK;
	}
	until = date(cert->not_after);
	printf("%s: until %s, serial %s; bring what is in %s to " DEFAULT_NODE
	       " of %s\n",
	       node, until, cert->serial, options->out, node);
	return HAM_CTL_OK;
}

typedef bool (*order_fn)(const char *ca, const struct ham_pki_order *order,
			 GError **error);

static int
order(const struct ham_ctl_options *options, char **args, const char *what,
      order_fn carry_out)
{
	struct ham_pki_order wanted = {
		.node = args[0],
		.addresses = args[1] ? (const char *const *)args + 1 : NULL,
		.days = days_of(options, HAM_PKI_NODE_DAYS),
		.csr = options->given & HAM_CTL_CSR ? options->csr : NULL,
		.out = options->out,
	};
	g_autoptr(GError) error = NULL;

	if (!(options->given & HAM_CTL_OUT)) {
		ham_ctl_complain("'%s' needs --out DIR: where the certificate "
				 "is to go",
				 what);
		return HAM_CTL_USAGE;
	}
	if (!carry_out(ca_of(options), &wanted, &error))
		return failed(error);
	return print_issued(options, args[0]);
}

int
ham_ctl_pki_issue(const struct ham_ctl_options *options, char **args)
{
	return order(options, args, "pki issue", ham_pki_issue);
}

int
ham_ctl_pki_renew(const struct ham_ctl_options *options, char **args)
{
	return order(options, args, "pki renew", ham_pki_renew);
}

/* ---- revoke ---- */

int
ham_ctl_pki_revoke(const struct ham_ctl_options *options, char **args)
{
	const char *ca = ca_of(options);
	g_autoptr(GError) error = NULL;
	g_autofree char *count = NULL;
	unsigned int n;

	if (!ham_pki_revoke(ca, args[0], &n, &error))
		return failed(error);
	if (options->given & HAM_CTL_JSON) {
		g_autoptr(JsonObject) object = json_object_new();

		json_object_set_int_member(object, "revoked", n);
		ham_ctl_json_print(object);
		return HAM_CTL_OK;
	}
	count = ham_ctl_plural(n, "certificate");
	if (n)
		printf("%s revoked; bring %s/crl.pem to " DEFAULT_NODE
		       " of every node\n",
		       count, ca);
	else
		printf("%s was revoked before\n", args[0]);
	return HAM_CTL_OK;
}

/* ---- status ---- */

static const struct ham_ctl_column columns[] = {
	{"NAME", false}, {"SERIAL", false}, {"UNTIL", false},
	{"DAYS", true},	 {"NOTE", false},
};

static const char *
note_on(const struct ham_cert *cert, int64_t days, enum ham_ctl_style *style)
{
	*style = HAM_CTL_BAD;
	if (cert->revoked)
		return "revoked";
	if (days < 0)
		return "over";
	*style = HAM_CTL_CAUTION;
	if (days < HAM_PKI_WARN_DAYS)
		return "ends soon";
	*style = HAM_CTL_GOOD;
	return "";
}

static void
add_row(ham_ctl_table *table, const struct ham_cert *cert)
{
	int64_t left = ham_cert_days(cert, (int64_t)time(NULL));
	g_autofree char *days = g_strdup_printf("%" G_GINT64_FORMAT, left);
	g_autofree char *until = date(cert->not_after);
	enum ham_ctl_style style;
	const char *note = note_on(cert, left, &style);

	ham_ctl_table_cell(table, HAM_CTL_STRONG,
			   cert->names[0] ? cert->names[0] : cert->subject);
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, cert->serial);
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, until);
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, days);
	ham_ctl_table_cell(table, style, note);
}

static int
status_of_ca(const struct ham_ctl_options *options)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) issued = ham_pki_issued(options->ca, &error);
	g_autofree char *path = g_build_filename(options->ca, "ca.pem", NULL);
	g_autoptr(ham_cert) ca = issued ? ham_cert_read(path, &error) : NULL;
	g_autoptr(ham_ctl_table) table =
		ham_ctl_table_new(columns, G_N_ELEMENTS(columns));
	g_autoptr(JsonObject) object = json_object_new();
	JsonArray *list = json_array_new();
	g_autofree char *text = NULL;

	json_object_set_array_member(object, "issued", list);
	if (!ca)
		return failed(error);
	json_object_set_object_member(object, "ca", object_of(ca));
	add_row(table, ca);
	for (guint i = 0; i < issued->len; i++) {
		const struct ham_cert *cert = g_ptr_array_index(issued, i);

		add_row(table, cert);
		json_array_add_object_element(list, object_of(cert));
	}
	if (options->given & HAM_CTL_JSON) {
		ham_ctl_json_print(object);
		return HAM_CTL_OK;
	}
	text = ham_ctl_table_text(table, options->color);
	fputs(text, stdout);
	return HAM_CTL_OK;
}

static void
print_node(const struct ham_ctl_options *options, const struct ham_cert *cert,
	   GPtrArray *problems)
{
	g_autoptr(ham_ctl_table) table =
		ham_ctl_table_new(columns, G_N_ELEMENTS(columns));
	g_autofree char *text = NULL;

	if (cert) {
		add_row(table, cert);
		text = ham_ctl_table_text(table, options->color);
		fputs(text, stdout);
	}
	for (guint i = 0; i < problems->len; i++) {
		g_autofree char *line =
			ham_ctl_clean(g_ptr_array_index(problems, i));

		puts(line);
	}
}

static int
status_of_node(const struct ham_ctl_options *options, const char *dir,
	       const char *node)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(ham_cert) cert = NULL;

	ham_pki_check(dir, node, (int64_t)time(NULL), problems, &cert);
	if (options->given & HAM_CTL_JSON) {
		g_autoptr(JsonObject) object =
			cert ? object_of(cert) : json_object_new();
		JsonArray *list = json_array_new();

		for (guint i = 0; i < problems->len; i++)
			json_array_add_string_element(
				list, g_ptr_array_index(problems, i));
		json_object_set_array_member(object, "problems", list);
		ham_ctl_json_print(object);
	} else {
		print_node(options, cert, problems);
	}
	return problems->len ? HAM_CTL_FAILED : HAM_CTL_OK;
}

int
ham_ctl_pki_status(const struct ham_ctl_options *options, char **args)
{
	(void)args;
	if (!(options->given & HAM_CTL_CA))
		return status_of_node(
			options,
			options->given & HAM_CTL_DIR ? options->dir
						     : DEFAULT_NODE,
			options->given & HAM_CTL_NODE ? options->node : NULL);
	if (options->given & (HAM_CTL_DIR | HAM_CTL_NODE)) {
		ham_ctl_complain("'pki status' is of a CA (--ca) or of a node "
				 "(--dir, --node), not of both");
		return HAM_CTL_USAGE;
	}
	return status_of_ca(options);
}
