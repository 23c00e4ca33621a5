/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_fence_metadata.c - what an agent says of itself, and options
 * held against it
 *
 * The description is fence_ipmilan's of Debian 12, with fewer parameters.  The
 * agents that are asked are shell scripts.
 */
#include <check.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "fence/fence.h"
#include "tests/unit/leaf_run.h"

enum {
	LIMIT_US = 400000,
	PATIENCE_US = 20000000,
};

static const char ipmilan[] =
	"<?xml version=\"1.0\" ?>\n"
	"<resource-agent name=\"fence_ipmilan\" shortdesc=\"Fence agent for "
	"IPMI\" >\n"
	"<symlink name=\"fence_ilo3\" shortdesc=\"Fence agent for HP iLO3\"/>\n"
	"<longdesc>This agent calls ipmitool &amp; more.</longdesc>\n"
	"<vendor-url></vendor-url>\n"
	"<parameters>\n"
	"\t<parameter name=\"action\" unique=\"0\" required=\"1\">\n"
	"\t\t<getopt mixed=\"-o, --action=[action]\" />\n"
	"\t\t<content type=\"string\" default=\"reboot\"  />\n"
	"\t\t<shortdesc lang=\"en\">Fencing action</shortdesc>\n"
	"\t</parameter>\n"
	"\t<parameter name=\"auth\" unique=\"0\" required=\"0\">\n"
	"\t\t<content type=\"select\"  >\n"
	"\t\t\t<option value=\"md5\" />\n"
	"\t\t\t<option value=\"password\" />\n"
	"\t\t\t<option value=\"none\" />\n"
	"\t\t</content>\n"
	"\t</parameter>\n"
	"\t<parameter name=\"ip\" unique=\"0\" required=\"1\" "
	"obsoletes=\"ipaddr\">\n"
	"\t\t<content type=\"string\"  />\n"
	"\t</parameter>\n"
	"\t<parameter name=\"ipaddr\" unique=\"0\" required=\"1\" "
	"deprecated=\"1\">\n"
	"\t\t<content type=\"string\"  />\n"
	"\t</parameter>\n"
	"\t<parameter name=\"ipport\" unique=\"0\" required=\"1\">\n"
	"\t\t<content type=\"integer\" default=\"623\"  />\n"
	"\t</parameter>\n"
	"\t<parameter name=\"lanplus\" unique=\"0\" required=\"0\">\n"
	"\t\t<content type=\"boolean\" default=\"0\"  />\n"
	"\t</parameter>\n"
	"\t<parameter name=\"passwd\" unique=\"0\" required=\"1\" "
	"deprecated=\"1\">\n"
	"\t\t<content type=\"string\"  />\n"
	"\t</parameter>\n"
	"\t<parameter name=\"password\" unique=\"0\" required=\"1\" "
	"obsoletes=\"passwd\">\n"
	"\t\t<content type=\"string\"  />\n"
	"\t</parameter>\n"
	"\t<parameter name=\"power_wait\" unique=\"0\" required=\"0\">\n"
	"\t\t<content type=\"second\" default=\"2\"  />\n"
	"\t</parameter>\n"
	"\t<parameter name=\"version\" unique=\"0\" required=\"0\">\n"
	"\t\t<content type=\"boolean\"  />\n"
	"\t</parameter>\n"
	"</parameters>\n"
	"<actions>\n"
	"\t<action name=\"on\" automatic=\"0\"/>\n"
	"\t<action name=\"off\" />\n"
	"\t<action name=\"status\" />\n"
	"\t<action name=\"metadata\" />\n"
	"</actions>\n"
	"</resource-agent>\n";

static void
on_problem(const char *key, const char *found, const char *expected, void *data)
{
	g_string_append_printf(data, "%s: %s, not %s\n", key ? key : "-",
			       found ? found : "nothing", expected);
}

/* `options`: "NAME=VALUE NAME=VALUE". */
static char *
problems(const char *xml, const char *options)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(ham_fence_description) d =
		ham_fence_description_parse(xml, &error);
	g_autoptr(GHashTable) table =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_auto(GStrv) words = g_strsplit(options, " ", -1);
	GString *text = g_string_new(NULL);

	ck_assert_msg(d != NULL, "%s", error ? error->message : "");
	for (char **w = words; *w && **w; w++) {
		g_auto(GStrv) pair = g_strsplit(*w, "=", 2);

		g_hash_table_insert(table, g_strdup(pair[0]),
				    g_strdup(pair[1]));
	}
	ham_fence_check(d, table, on_problem, text);
	return g_string_free(text, FALSE);
}

static void
expect(const char *options, const char *wanted)
{
	g_autofree char *found = problems(ipmilan, options);

	ck_assert_str_eq(found, wanted);
}

#define WELL "ip=10.0.0.9 password_file=/x "

START_TEST(good_options)
{
	expect(WELL "auth=md5 lanplus=1 ipport=-1 power_wait=5", "");
	expect(WELL "auth=MD5 lanplus=Yes", "");
}
END_TEST

START_TEST(older_names_are_names)
{
	expect("ipaddr=10.0.0.9 passwd_file=/x", "");
}
END_TEST

START_TEST(dash_or_underscore)
{
	expect(WELL "power-wait=5", "");
}
END_TEST

START_TEST(unknown_option)
{
	expect(WELL "ipadr=10.0.0.9",
	       "ipadr: an option that the agent does not know, not one of "
	       "those in its manual page\n");
}
END_TEST

START_TEST(no_such_value)
{
	expect(WELL "auth=sha1 ipport=623x lanplus=maybe power_wait=1.5",
	       "auth: sha1, not md5 or password or none\n"
	       "ipport: 623x, not a whole number\n"
	       "lanplus: maybe, not 1 or 0\n"
	       "power_wait: 1.5, not a whole number\n");
}
END_TEST

/* No value in the cluster file is empty. */
START_TEST(a_choice_of_nothing)
{
	g_autofree char *found = problems(
		"<resource-agent><parameter name='a'><content type='select'>"
		"<option value=''/></content></parameter><action name='off'/>"
		"<action name='status'/></resource-agent>",
		"a=1");
	g_autofree char *other = problems(
		"<resource-agent><parameter name='b'><content type='select'>"
		"<option value=''/><option value='x'/></content></parameter>"
		"<action name='off'/><action name='status'/></resource-agent>",
		"b=1");

	ck_assert_str_eq(found, "a: 1, not no such option\n");
	ck_assert_str_eq(other, "b: 1, not x\n");
}
END_TEST

/* By its new name alone, and none that has a default. */
START_TEST(what_is_needed)
{
	expect("", "ip: nothing, not this option, which the agent needs\n"
		   "password: nothing, not this option, which the agent "
		   "needs\n");
}
END_TEST

START_TEST(done_in_place_of_an_action)
{
	expect(WELL "version=1",
	       "version: it, not no such option: the agent would print text "
	       "and see no node\n");
}
END_TEST

START_TEST(no_status_no_off)
{
	g_autofree char *found = problems(
		"<resource-agent><actions><action name='on'/></actions>"
		"</resource-agent>",
		"");

	ck_assert_str_eq(found,
			 "-: one without the action off, not an agent that has "
			 "off and status: what is not seen off proves nothing\n"
			 "-: one without the action status, not an agent that "
			 "has off and status: what is not seen off proves "
			 "nothing\n");
}
END_TEST

START_TEST(noise_before_and_behind)
{
	g_autofree char *text = g_strconcat(
		"/usr/sbin/fence_x:5: DeprecationWarning: 'pipes' <is> "
		"deprecated\n",
		ipmilan, "sys:1: ResourceWarning: <unclosed & file\n", NULL);
	g_autofree char *found = problems(text, WELL);

	ck_assert_str_eq(found, "");
}
END_TEST

static const char *const hostile[] = {
	"",
	"usage: fence_x <nodename>\n",
	"<resource-agent",
	"<resource-agent name='x'",
	"</resource-agent><resource-agent>",
	"<resource-agent><parameters></resource-agent>",
	"<resource-agent>&bomb;</resource-agent>",
	"<resource-agent>\xff\xfe</resource-agent>",
	"<resource-agent a=1></resource-agent>",
	"<resource-agent></resource-agent></resource-agent>",
};

START_TEST(no_description)
{
	g_autoptr(GError) error = NULL;

	ck_assert_ptr_null(ham_fence_description_parse(hostile[_i], &error));
	ck_assert_ptr_nonnull(error);
}
END_TEST

/* Well-formed, and not what it should be: nothing is made of it. */
START_TEST(elements_out_of_place)
{
	g_autofree char *found = problems(
		"<resource-agent><content type='select'/><option value='x'/>"
		"<parameter/><parameter name=''><option value='x'/>"
		"<option/></parameter><parameter name='b'>"
		"<content type='select'><option value='y'/></content>"
		"<option value='x'/></parameter><action/><action name='off'/>"
		"<x><y><action name='status'/></y></x></resource-agent>",
		"a=1 b=x");

	ck_assert_str_eq(found, "a: an option that the agent does not know, "
				"not one of those in its manual page\n"
				"b: x, not y\n");
}
END_TEST

START_TEST(entities_are_not_expanded)
{
	g_autoptr(GError) error = NULL;

	ck_assert_ptr_null(ham_fence_description_parse(
		"<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>"
		"<resource-agent>&b;</resource-agent>",
		&error));
}
END_TEST

START_TEST(deep)
{
	GString *text = g_string_new("<resource-agent>");
	g_autoptr(ham_fence_description) d = NULL;

	for (int i = 0; i < 30000; i++)
		g_string_append(text, "<a>");
	for (int i = 0; i < 30000; i++)
		g_string_append(text, "</a>");
	g_string_append(text, "</resource-agent>");
	d = ham_fence_description_parse(text->str, NULL);
	ck_assert_ptr_nonnull(d);
	g_string_free(text, TRUE);
}
END_TEST

/* ---- asking ---- */

static char *folder;
static unsigned int answers;
static ham_fence_description *described;
static char *why_not;

static void
begin(void)
{
	folder = g_dir_make_tmp("check-fence-XXXXXX", NULL);
	ck_assert_ptr_nonnull(folder);
	answers = 0;
}

static void
end(void)
{
	g_autofree char *path = g_build_filename(folder, "fence_x", NULL);

	g_remove(path);
	g_rmdir(folder);
	g_clear_pointer(&folder, g_free);
	g_clear_pointer(&why_not, g_free);
	g_clear_pointer(&described, ham_fence_description_free);
}

static void
on_described(ham_fence_description *description, const char *why, void *data)
{
	(void)data;
	answers++;
	described = description;
	why_not = g_strdup(why);
}

/* The agent is that shell script, with the description as $xml. */
static void
ask(const char *script)
{
	int64_t limit = g_get_monotonic_time() + PATIENCE_US;

	if (script) {
		g_autofree char *path =
			g_build_filename(folder, "fence_x", NULL);
		g_autofree char *text = g_strdup_printf(
			"#!/bin/sh\nxml='%s'\n%s\n", ipmilan, script);

		ck_assert(g_file_set_contents(path, text, -1, NULL));
		ck_assert_int_eq(g_chmod(path, 0700), 0);
	}
	(void)ham_fence_describe(folder, "fence_x", LIMIT_US, on_described,
				 NULL);
	while (answers == 0) {
		ck_assert_int_lt(g_get_monotonic_time(), limit);
		g_main_context_iteration(NULL, FALSE);
		g_usleep(1000);
	}
	ck_assert_uint_eq(answers, 1);
	ck_assert_int_eq(described == NULL, why_not != NULL);
}

/* On its standard input, and nothing else is there. */
START_TEST(it_is_asked)
{
	ask("[ $# = 0 ] && [ \"$(cat)\" = action=metadata ] && echo \"$xml\"");
	ck_assert_ptr_nonnull(described);
}
END_TEST

START_TEST(stderr_in_the_middle)
{
	ask("printf '<resource-agent>'; echo '<noise & more' >&2\n"
	    "printf '</resource-agent>'");
	ck_assert_ptr_nonnull(described);
}
END_TEST

/* More than a pipe holds, right before its end. */
START_TEST(a_long_one)
{
	ask("printf '<resource-agent><x>'; head -c 200000 /dev/zero |\n"
	    "tr '\\0' y; printf '</x></resource-agent>'");
	ck_assert_ptr_nonnull(described);
}
END_TEST

START_TEST(megabytes)
{
	ask("echo \"$xml\"; yes | head -c 4000000; echo \"$xml\"");
	ck_assert_str_eq(why_not, "fence_x says too much: y");
}
END_TEST

START_TEST(no_xml)
{
	ask("echo usage; exit 0");
	ck_assert_str_eq(why_not, "fence_x does not describe itself: no "
				  "<resource-agent> and its end are in it");
}
END_TEST

START_TEST(it_fails_and_says_why)
{
	ask("echo \"$xml\"; echo 'No module named x' >&2; exit 1");
	ck_assert_str_eq(why_not, "fence_x ended with exit status 1: No "
				  "module named x");
}
END_TEST

START_TEST(it_hangs)
{
	ask("echo \"$xml\"; exec sleep 1000");
	ck_assert_ptr_nonnull(strstr(why_not, "did not end in 400 ms"));
}
END_TEST

START_TEST(it_is_not_there)
{
	ask(NULL);
	ck_assert_ptr_nonnull(strstr(why_not, "fence_x can't be run"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fence_metadata");
	TCase *tc = tcase_create("check");
	TCase *asking = tcase_create("asking");

	tcase_add_test(tc, good_options);
	tcase_add_test(tc, older_names_are_names);
	tcase_add_test(tc, dash_or_underscore);
	tcase_add_test(tc, unknown_option);
	tcase_add_test(tc, no_such_value);
	tcase_add_test(tc, a_choice_of_nothing);
	tcase_add_test(tc, what_is_needed);
	tcase_add_test(tc, done_in_place_of_an_action);
	tcase_add_test(tc, no_status_no_off);
	tcase_add_test(tc, noise_before_and_behind);
	tcase_add_loop_test(tc, no_description, 0, (int)G_N_ELEMENTS(hostile));
	tcase_add_test(tc, elements_out_of_place);
	tcase_add_test(tc, entities_are_not_expanded);
	tcase_add_test(tc, deep);
	suite_add_tcase(suite, tc);
	tcase_set_timeout(asking, 60);
	tcase_add_checked_fixture(asking, begin, end);
	tcase_add_test(asking, it_is_asked);
	tcase_add_test(asking, stderr_in_the_middle);
	tcase_add_test(asking, a_long_one);
	tcase_add_test(asking, megabytes);
	tcase_add_test(asking, no_xml);
	tcase_add_test(asking, it_fails_and_says_why);
	tcase_add_test(asking, it_hangs);
	tcase_add_test(asking, it_is_not_there);
	suite_add_tcase(suite, asking);
	return leaf_run(suite);
}
