import {
  Activity,
  BellRing,
  Crosshair,
  LayoutDashboard,
  ListTree,
  type LucideIcon,
  ScrollText,
  Server,
} from 'lucide-react';

export interface NavItem {
  readonly to: '/' | '/explore' | '/logs' | '/traces' | '/alerts' | '/targets' | '/status';
  readonly label: string;
  readonly icon: LucideIcon;
  /** Pressed after `g`. */
  readonly key: string;
}

export const NAV_ITEMS: readonly NavItem[] = [
  { to: '/', label: 'Overview', icon: LayoutDashboard, key: 'o' },
  { to: '/explore', label: 'Metrics', icon: Activity, key: 'm' },
  { to: '/logs', label: 'Logs', icon: ScrollText, key: 'l' },
  { to: '/traces', label: 'Traces', icon: ListTree, key: 't' },
  { to: '/alerts', label: 'Alerts', icon: BellRing, key: 'a' },
  { to: '/targets', label: 'Targets', icon: Crosshair, key: 'e' },
  { to: '/status', label: 'Status', icon: Server, key: 's' },
];

/** The pages about alerts: what they link among each other. */
export const ALERT_PAGES = [
  { to: '/alerts', label: 'Alerts' },
  { to: '/alerts/incidents', label: 'Incidents' },
  { to: '/alerts/silences', label: 'Silences' },
  { to: '/alerts/notifications', label: 'Notifications' },
  { to: '/alerts/history', label: 'History' },
  { to: '/alerts/rules', label: 'Rules' },
  { to: '/alerts/rule-groups', label: 'Rule groups' },
] as const;
