// SPDX-License-Identifier: Apache-2.0
#include "guest/functions.h"

#include <dlfcn.h>

#include <algorithm>
#include <string>

#include "guest/guest_function.h"

namespace mmcheck::guest {

namespace {

/// Pure functions of the C library, or nearly so: of what they are given they only read what the
/// caller has read or written itself, as a rule a literal.
constexpr std::string_view kOfLibrary[] = {
    "__cxa_atexit",
    "__cxa_finalize",
    "__ctype_b_loc",
    "__ctype_tolower_loc",
    "__ctype_toupper_loc",
    "__gmon_start__",
    "_GLOBAL_OFFSET_TABLE_",
    "_ITM_deregisterTMCloneTable",
    "_ITM_registerTMCloneTable",
    "__dso_handle",
    "__gxx_personality_v0",
    "__stack_chk_fail",
    "abs",
    "ffs",
    "ffsl",
    "getopt",
    "opterr",
    "optopt",
    "sigaddset",
    "sigdelset",
    "sigemptyset",
    "sigfillset",
    "sigismember",
    "strsignal",
    "islower",
    "isupper",
    "isxdigit",
    "atoi",
    "atol",
    "atoll",
    "ceil",
    "environ",
    "fabs",
    "floor",
    "getpagesize",
    "isalnum",
    "isalpha",
    "isdigit",
    "isprint",
    "isspace",
    "labs",
    "llabs",
    "log",
    "log2",
    "memchr",
    "optarg",
    "optind",
    "pow",
    "program_invocation_name",
    "sqrt",
    "stderr",
    "stdin",
    "stdout",
    "strcasecmp",
    "strchr",
    "strcmp",
    "strcspn",
    "strerror",
    "strlen",
    "strncasecmp",
    "strncmp",
    "strnlen",
    "strrchr",
    "strspn",
    "strstr",
    "strtol",
    "strtoll",
    "strtoul",
    "strtoull",
    "sysconf",
    "tolower",
    "toupper",
    "_ZSt9terminatev",
    "__cxa_pure_virtual",
    "_ZTVN10__cxxabiv117__class_type_infoE",
    "_ZTVN10__cxxabiv120__si_class_type_infoE",
    "_Unwind_Resume",
    "__cxa_begin_catch",
    "__cxa_end_catch",
};

/// What functions_sys.cc has.
constexpr std::string_view kOfKernel[] = {
    "access",     "close",      "creat",   "dup",           "fdatasync",
    "fork",       "fstat",      "fsync",   "ftruncate",     "getpid",
    "kill",       "lseek",      "madvise", "memfd_create",  "mincore",
    "mlock",      "mmap",       "mmap64",  "mprotect",      "mremap",
    "msync",      "munlock",    "munmap",  "open",          "open64",
    "fallocate",  "fdopen",     "fopen",   "ioctl",         "mlock2",
    "mlockall",   "munlockall", "pipe",    "prctl",         "process_mrelease",
    "socketpair", "syscall",    "tmpfile", "posix_fadvise", "pread",
    "pwrite",     "read",       "unlink",  "wait",          "waitpid",
    "write",
};

/// What has a buffer while it loads or stores.
constexpr std::string_view kOwners[] = {
    "fread",           "fwrite",          "snprintf", "sprintf",     "sscanf",  "strcat",
    "strcpy",          "strncpy",         "vsprintf", "vsnprintf",   "fgets",   "getline",
    "sigaction",       "setjmp",          "_setjmp",  "__sigsetjmp", "longjmp", "siglongjmp",
    "__isoc99_sscanf", "__isoc23_sscanf", "vsscanf",  "signal",      "raise"};

}  // namespace

bool owns_memory(std::string_view symbol) {
  return std::ranges::find(kOwners, symbol) != std::end(kOwners);
}

Support support_of(std::string_view symbol) {
  link_tsan_functions();
  link_pthread_functions();
  link_libc_functions();
  link_sys_functions();
  link_string_functions();
  link_stdio_functions();
  link_proc_functions();
  link_signal_functions();
  link_jump_functions();
  const std::string own = std::string(kPrefix) + std::string(symbol);
  if (dlsym(RTLD_DEFAULT, own.c_str()) != nullptr) {
    const bool kernel = std::ranges::find(kOfKernel, symbol) != std::end(kOfKernel);
    return kernel ? Support::Kernel : Support::Own;
  }
  const bool library = std::ranges::find(kOfLibrary, symbol) != std::end(kOfLibrary);
  return library ? Support::Library : Support::None;
}

}  // namespace mmcheck::guest
