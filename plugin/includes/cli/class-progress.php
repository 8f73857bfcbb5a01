<?php
/**
 * Progress of a run.
 *
 * @package WP_Codebox
 */

declare( strict_types = 1 );

/**
 * Says on stderr where a run is, if somebody is there to read it.
 *
 * @since 0.1.0
 */
final class WP_Codebox_CLI_Progress {

	/**
	 * Whether the last line is that of a step that goes on.
	 *
	 * @var bool
	 */
	private static bool $begun = false;

	/**
	 * Listens to runs from now on.
	 *
	 * @since 0.1.0
	 */
	public static function watch(): void {
		if ( ! WP_CLI::get_config( 'quiet' ) && stream_isatty( STDERR ) ) {
			add_action( 'wp_codebox_progress', array( self::class, 'show' ) );
		}
	}

	/**
	 * Prints one line.
	 *
	 * @since 0.1.0
	 *
	 * @param array<string, mixed> $told `wp-codebox/recipe-progress/v1`.
	 */
	public static function show( array $told ): void {
		// What a recipe or a sandbox says must not command the terminal.
		$line  = (string) preg_replace( '/\p{C}+/u', ' ', self::line( $told ) );
		$begun = 'step-began' === ( $told['type'] ?? '' );
		if ( '' === $line ) {
			return;
		}
		// A step's last word comes in the place of its first, which has to fit into one line for that.
		fwrite( STDERR, ( self::$begun ? "\r\033[K" : '' ) . ( $begun ? mb_substr( $line, 0, 78 ) : "$line\n" ) );
		self::$begun = $begun;
	}

	/**
	 * What there is to say.
	 *
	 * @since 0.1.0
	 *
	 * @param array<string, mixed> $told `wp-codebox/recipe-progress/v1`.
	 */
	public static function line( array $told ): string {
		switch ( $told['type'] ?? '' ) {
			case 'phase-began':
				return ucfirst( str_replace( '_', ' ', (string) $told['phase'] ) );
			case 'step-began':
				return '  . ' . self::step( $told );
			case 'step-ended':
				$failed  = 'failed' === $told['status'];
				$message = $failed ? ': ' . ( $told['message'] ?? '' ) : '';
				return sprintf( '  %s %s (%.0f ms)%s', $failed ? 'x' : '+', self::step( $told ), $told['durationMs'], $message );
		}
		return '';
	}

	/**
	 * A step by its place in the recipe, where a command's name is all that it has.
	 *
	 * @param array<string, mixed> $told `wp-codebox/recipe-progress/v1`.
	 */
	private static function step( array $told ): string {
		$group = in_array( $told['recipePhase'] ?? '', array( 'before', 'steps', 'after' ), true );
		return $group ? sprintf( '%s[%d] %s', $told['recipePhase'], $told['index'], $told['step'] ) : (string) $told['step'];
	}
}
