import { type RefObject, useEffect, useState } from 'react';

/** How far outside the window something already counts as seen, so that scrolling finds it ready. */
const margin = '40px';

/** Whether an element is on screen, or nearly. What is not need not be kept fresh. */
export function useInView(element: RefObject<Element | null>): boolean {
  const [inView, setInView] = useState(false);
  useEffect(() => {
    if (element.current === null) return;
    const observer = new IntersectionObserver(
      (entries) => setInView(entries.at(-1)?.isIntersecting === true),
      { rootMargin: margin },
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return inView;
}
