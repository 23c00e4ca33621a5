/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/knows.h - which machine types and CPU models the QEMU here has
 *
 * Asked of a QEMU without a guest (-machine none) that ends by itself, once for
 * each QEMU that is installed: a package that was replaced is asked again.
 * Nothing blocks, and QEMU is unprivileged.  Refuses to guess: of a QEMU that
 * does not answer nothing is known, and that is said.
 */
#ifndef HAM_GUEST_KNOWS_H
#define HAM_GUEST_KNOWS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct ham_knows ham_knows;

/* `knows` has what there is to know, or ham_knows_why() says why not. */
typedef void (*ham_knows_fn)(const ham_knows *knows, void *data);

/* `program`, `accel` ("kvm" or "tcg") and the ids are borrowed or copied: the
 * program's path outlives it. */
ham_knows *ham_knows_new(const char *program, const char *accel, uid_t uid);

/* Calls on_known once, from the loop. */
void ham_knows_ask(ham_knows *knows, ham_knows_fn on_known, void *data);
/* That question is not answered any more. */
void ham_knows_forget(ham_knows *knows, const void *data);

bool ham_knows_any(const ham_knows *knows);
const char *ham_knows_why(const ham_knows *knows);
bool ham_knows_machine(const ham_knows *knows, const char *name);
/* The name as in the cluster file, features behind a comma left aside. */
bool ham_knows_cpu(const ham_knows *knows, const char *name);
/* Of that model: features that this node can't give it, "avx,fma"; "": none, or
 * the model is not known.  The text is `knows`'s. */
const char *ham_knows_lacks(const ham_knows *knows, const char *name);
/* The model's type as a running QEMU tells it; NULL: it is not known. */
const char *ham_knows_cpu_type(const ham_knows *knows, const char *name);

/* Takes what QEMU wrote, one JSON object a line; false: it told no machines. */
bool ham_knows_read(ham_knows *knows, const char *text);

void ham_knows_free(ham_knows *knows);

#endif
