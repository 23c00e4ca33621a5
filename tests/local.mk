# SPDX-License-Identifier: BSD-3-Clause
# unit tests and fuzz targets, a list per folder
include tests/unit/config.mk
include tests/unit/leaf.mk
include tests/fuzz/config.mk
