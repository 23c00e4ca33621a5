# SPDX-License-Identifier: BSD-3-Clause
# tests of the build itself, run by tests/check.sh: they build the tree anew
EXTRA_DIST += \
	tests/build/test-check.sh \
	tests/build/test-configure.sh \
	tests/build/test-distcheck.sh \
	tests/build/test-hardening.sh \
	tests/build/test-install.sh \
	tests/build/test-sanitizers.sh \
	tests/build/test-shellcheck.sh \
	$(NULL)
