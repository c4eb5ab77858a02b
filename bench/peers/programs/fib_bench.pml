/* SPDX-License-Identifier: Apache-2.0 */
/* Two processes N times i += j and j += i. -DN=5. */
#ifndef N
#define N 5
#endif
short i = 1, j = 1;

proctype add_to_i() {
  byte k;
  short sum;
  do
  :: k < N -> sum = i; sum = sum + j; i = sum; k++
  :: else -> break
  od
}

proctype add_to_j() {
  byte k;
  short sum;
  do
  :: k < N -> sum = j; sum = sum + i; j = sum; k++
  :: else -> break
  od
}

init {
  atomic { run add_to_i(); run add_to_j() }
}
