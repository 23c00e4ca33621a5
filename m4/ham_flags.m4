dnl SPDX-License-Identifier: BSD-3-Clause
dnl Macros of hamd's configure: dependencies, warnings, hardening, sanitizers.

dnl HAM_NEED(VARIABLE, MODULES, DEBIAN PACKAGE)
AC_DEFUN([HAM_NEED], [
	PKG_CHECK_MODULES([$1], [$2], [], [AC_MSG_ERROR([$2 not found: $$1_PKG_ERRORS
*** On Debian it comes with the package(s): $3])])
])

dnl HAM_TRY_FLAG(FLAG, VARIABLE): appends FLAG if the compiler takes it.
AC_DEFUN([HAM_TRY_FLAG], [
	AS_VAR_PUSHDEF([cachevar], [ham_cv_flag_$1])
	AC_CACHE_CHECK([whether $CC takes $1], [cachevar], [
		ham_save="$CFLAGS"
		CFLAGS="$CFLAGS -Werror $1"
		AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
			[AS_VAR_SET([cachevar], [yes])],
			[AS_VAR_SET([cachevar], [no])])
		CFLAGS="$ham_save"
	])
	AS_VAR_IF([cachevar], [yes], [$2="$$2 $1"])
	AS_VAR_POPDEF([cachevar])
])

AC_DEFUN([HAM_WARNINGS], [
	AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror],
		[warnings are errors (developers, never in a release)])],
		[], [enable_werror=no])
	m4_foreach_w([flag], [-std=gnu11 -Wall -Wextra -Wshadow -Wvla
		-Wformat=2 -Wstrict-prototypes -Wmissing-prototypes
		-Wold-style-definition -Wimplicit-fallthrough -Wcast-align
		-Wpointer-arith -Wdate-time -Wundef
		-Werror=implicit-function-declaration -Werror=return-type
		-Werror=incompatible-pointer-types],
		[HAM_TRY_FLAG([flag], [HAM_CFLAGS])])
	AS_IF([test "x$enable_werror" = xyes],
		[HAM_CFLAGS="$HAM_CFLAGS -Werror"])
	dnl the decision core is held to more
	m4_foreach_w([flag], [-Wconversion -Wswitch-enum],
		[HAM_TRY_FLAG([flag], [HAM_CORE_CFLAGS])])
	AC_SUBST([HAM_CFLAGS])
	AC_SUBST([HAM_CORE_CFLAGS])
])

AC_DEFUN([HAM_HARDENING], [
	m4_foreach_w([flag], [-fstack-protector-strong
		-fstack-clash-protection],
		[HAM_TRY_FLAG([flag], [HAM_CFLAGS])])
	HAM_TRY_FLAG([-fPIE], [HAM_PIE_CFLAGS])
	dnl written out: a list would split these at their commas
	HAM_TRY_FLAG([-pie], [HAM_LDFLAGS])
	HAM_TRY_FLAG([[-Wl,-z,relro]], [HAM_LDFLAGS])
	HAM_TRY_FLAG([[-Wl,-z,now]], [HAM_LDFLAGS])
	HAM_TRY_FLAG([[-Wl,-z,noexecstack]], [HAM_LDFLAGS])
	HAM_CPPFLAGS="-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"
	AC_SUBST([HAM_PIE_CFLAGS])
	AC_SUBST([HAM_LDFLAGS])
	AC_SUBST([HAM_CPPFLAGS])
])

AC_DEFUN([HAM_SANITIZERS], [
	AC_ARG_ENABLE([sanitizers], [AS_HELP_STRING([--enable-sanitizers@<:@=LIST@:>@],
		[build with sanitizers (default list: address,undefined)])],
		[], [enable_sanitizers=no])
	AS_IF([test "x$enable_sanitizers" = xyes],
		[enable_sanitizers=address,undefined])
	AS_IF([test "x$enable_sanitizers" != xno], [
		HAM_CFLAGS="$HAM_CFLAGS -fsanitize=$enable_sanitizers -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
		HAM_LDFLAGS="$HAM_LDFLAGS -fsanitize=$enable_sanitizers"
		HAM_CPPFLAGS=""
	])
	AM_CONDITIONAL([HAM_SANITIZED], [test "x$enable_sanitizers" != xno])
])

AC_DEFUN([HAM_FUZZER], [
	AC_ARG_ENABLE([fuzzer], [AS_HELP_STRING([--enable-fuzzer],
		[build the fuzz targets (needs clang: CC=clang)])],
		[], [enable_fuzzer=no])
	AS_IF([test "x$enable_fuzzer" = xyes], [
		AC_MSG_CHECKING([for libFuzzer])
		ham_save="$CFLAGS"
		CFLAGS="$CFLAGS -fsanitize=fuzzer"
		AC_LINK_IFELSE([AC_LANG_SOURCE([[
#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) { return n && d[0] ? 0 : 0; }]])],
			[AC_MSG_RESULT([yes])],
			[AC_MSG_RESULT([no])
			 AC_MSG_ERROR([--enable-fuzzer needs CC=clang and the Debian packages clang and libclang-rt-14-dev])])
		CFLAGS="$ham_save"
		HAM_CFLAGS="$HAM_CFLAGS -fsanitize=fuzzer-no-link"
	])
	AM_CONDITIONAL([HAM_FUZZ], [test "x$enable_fuzzer" = xyes])
])
