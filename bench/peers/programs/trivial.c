// SPDX-License-Identifier: Apache-2.0
// One execution: what remains is the time a model checker takes to start.
int main(void) { return 0; }
