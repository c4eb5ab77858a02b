/* SPDX-License-Identifier: Apache-2.0 */
/* One process looks for the last zero, process j copies a[j-1] + 1 to a[j]. -DN=10. */
#ifndef N
#define N 10
#endif
byte a[N + 1];

proctype find_last_zero() {
  byte i = N;
  do
  :: a[i] != 0 -> i--
  :: a[i] == 0 -> break
  od
}

proctype copy(byte j) {
  byte value;
  value = a[j - 1];
  a[j] = value + 1
}

init {
  byte j;
  atomic {
    run find_last_zero();
    j = 1;
    do
    :: j <= N -> run copy(j); j++
    :: else -> break
    od
  }
}
