<?php
/**
 * Is everything there that a run needs?
 *
 * @package WP_Codebox
 */

declare( strict_types = 1 );

/**
 * The extension's own checks, and those that only WordPress can make: versions, registration, and
 * whether the web server hands out artifacts.
 *
 * A check is `{ id, label, status: ok|warning|error, message, fix }`.
 *
 * @since 0.1.0
 */
final class WP_Codebox_Doctor {

	/**
	 * Looks at everything. Leaves nothing behind.
	 *
	 * @since 0.1.0
	 *
	 * @return array<int, array{id: string, label: string, status: string, message: string, fix: string}>
	 */
	public static function examine(): array {
		$checks = array( self::php(), self::wordpress(), self::plugin() );
		if ( ! WP_Codebox_Extension::is_usable() ) {
			$checks[] = self::check(
				'extension',
				__( 'Extension', 'wp-codebox' ),
				'error',
				WP_Codebox_Extension::problem(),
				WP_Codebox_Extension::remedy()
			);
			return $checks;
		}

		$native = WP_Codebox_API::doctor();
		if ( is_wp_error( $native ) ) {
			$native = array(
				self::check( 'extension', __( 'Extension', 'wp-codebox' ), 'error', $native->get_error_message() ),
			);
		}
		return array_merge( $checks, $native, array( self::abilities(), self::privacy() ) );
	}

	/**
	 * The PHP that runs this process.
	 *
	 * @return array{id: string, label: string, status: string, message: string, fix: string}
	 */
	private static function php(): array {
		return self::check( 'php', 'PHP', 'ok', PHP_VERSION . ' (' . PHP_SAPI . ')' );
	}

	/**
	 * The WordPress around the plugin.
	 *
	 * @return array{id: string, label: string, status: string, message: string, fix: string}
	 */
	private static function wordpress(): array {
		return self::check( 'wordpress', 'WordPress', 'ok', wp_get_wp_version() );
	}

	/**
	 * The plugin.
	 *
	 * @return array{id: string, label: string, status: string, message: string, fix: string}
	 */
	private static function plugin(): array {
		return self::check( 'plugin', __( 'Plugin', 'wp-codebox' ), 'ok', WP_CODEBOX_PLUGIN_VERSION );
	}

	/**
	 * Whether every row of the table became an ability.
	 *
	 * @return array{id: string, label: string, status: string, message: string, fix: string}
	 */
	private static function abilities(): array {
		$label   = __( 'Abilities', 'wp-codebox' );
		$missing = array();
		$names   = array_column( WP_Codebox_API::abilities(), 'name' );
		foreach ( $names as $name ) {
			if ( ! wp_has_ability( $name ) || ! wp_get_ability( $name ) instanceof WP_Codebox_Ability ) {
				$missing[] = $name;
			}
		}
		if ( $missing ) {
			return self::check(
				'abilities',
				$label,
				'error',
				/* translators: %s: names of abilities. */
				sprintf( __( 'Not registered: %s.', 'wp-codebox' ), implode( ', ', $missing ) ),
				__( 'Another plugin removes or replaces them; look for filters on wp_register_ability_args.', 'wp-codebox' )
			);
		}
		return self::check(
			'abilities',
			$label,
			'ok',
			/* translators: %d: a number of abilities. */
			sprintf( _n( '%d ability is registered.', '%d abilities are registered.', count( $names ), 'wp-codebox' ), count( $names ) )
		);
	}

	/**
	 * Whether the web server keeps artifacts to itself.
	 *
	 * @return array{id: string, label: string, status: string, message: string, fix: string}
	 */
	private static function privacy(): array {
		$label = __( 'Artifacts are private', 'wp-codebox' );
		$list  = WP_Codebox_API::list_artifacts( array() );
		if ( is_wp_error( $list ) ) {
			$fix = __( 'Mend the artifacts directory first.', 'wp-codebox' );
			return self::check( 'artifacts_private', $label, 'error', $list->get_error_message(), $fix );
		}

		$root = (string) $list['root'];
		if ( ! is_dir( $root ) ) {
			return self::check(
				'artifacts_private',
				$label,
				'warning',
				/* translators: %s: a directory. */
				sprintf( __( '%s is not there yet.', 'wp-codebox' ), $root ),
				__( 'The first task makes it; ask again afterwards.', 'wp-codebox' )
			);
		}

		$probe = new WP_Codebox_Web_Probe( $root );
		switch ( $probe->run() ) {
			case WP_Codebox_Web_Probe::OUTSIDE:
				/* translators: %s: a directory. */
				return self::check( 'artifacts_private', $label, 'ok', sprintf( __( '%s is outside of the web root.', 'wp-codebox' ), $root ) );
			case WP_Codebox_Web_Probe::CLOSED:
				/* translators: %s: a URL. */
				return self::check( 'artifacts_private', $label, 'ok', sprintf( __( 'The web server refuses %s.', 'wp-codebox' ), $probe->url() ) );
			case WP_Codebox_Web_Probe::OPEN:
				return self::check(
					'artifacts_private',
					$label,
					'error',
					/* translators: %s: a URL. */
					sprintf( __( 'Anybody can read %s.', 'wp-codebox' ), $probe->url() ),
					__( 'Set wp_codebox.artifacts_dir to a directory outside of the web root, or make the web server refuse this one.', 'wp-codebox' )
				);
			default:
				return self::check(
					'artifacts_private',
					$label,
					'warning',
					/* translators: 1: a URL, 2: why the request failed. */
					sprintf( __( 'Could not ask for %1$s: %2$s', 'wp-codebox' ), $probe->url(), $probe->reason() ),
					__( 'Open the URL in a browser; it must be refused. Or set wp_codebox.artifacts_dir to a directory outside of the web root.', 'wp-codebox' )
				);
		}
	}

	/**
	 * One row.
	 *
	 * @param string $id      Stable, for scripts.
	 * @param string $label   What was looked at.
	 * @param string $status  ok, warning or error.
	 * @param string $message What was found.
	 * @param string $fix     Optional. What to do about it. Default empty.
	 * @return array{id: string, label: string, status: string, message: string, fix: string}
	 */
	private static function check( string $id, string $label, string $status, string $message, string $fix = '' ): array {
		return compact( 'id', 'label', 'status', 'message', 'fix' );
	}
}
