import env from '#start/env'

/** Networks, such as `192.168.7.0/24`, that images may be fetched from although they are not of the public internet. */
export const fetchableNetworks = (env.get('FETCHABLE_NETWORKS') ?? '')
  .split(',')
  .map((network) => network.trim())
  .filter((network) => network !== '')
