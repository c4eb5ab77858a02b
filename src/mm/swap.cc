// SPDX-License-Identifier: Apache-2.0
#include "mm/swap.h"

#include "mm/folio.h"

namespace mmcheck::mm {

// linux v6.1 mm/swap.c: release_pages; v6.12 also folios_put_refs
void release_pages(thread& task, release_pages_arg pages) {
  for (std::size_t i = 0; i < pages.nr(); i += pages.slots(i)) {
    folio_put(task, page_folio(pages[i]), pages.refs(i));
  }
}

}  // namespace mmcheck::mm
