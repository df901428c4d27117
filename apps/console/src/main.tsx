import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { readTokenOnce } from './api/auth.ts';
import { queryClient } from './app/query-client.ts';
import { createAppRouter } from './app/router.tsx';

import './app/styles.css';

readTokenOnce();
// The router reads the address when it is made: after the token has left it.
const router = createAppRouter();

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root element');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
