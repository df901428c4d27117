import { Link, useRouter } from '@tanstack/react-router';
import { type ReactNode } from 'react';

import { EmptyState, ErrorState } from '../ui/states.tsx';

export function PageMissing(): ReactNode {
  return (
    <EmptyState title="There is no page at this address">
      The link may be from another version.{' '}
      <Link to="/" className="text-accent underline">
        Go to the overview
      </Link>
      .
    </EmptyState>
  );
}

export function PageCrash({ error }: { readonly error: unknown }): ReactNode {
  const router = useRouter();
  return <ErrorState error={error} onRetry={() => void router.invalidate()} />;
}
